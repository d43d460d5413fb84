package topic

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/k2-platform/faultline/faults"
)

// kept is what a fault sets by name, and what was there before; nil is
// nothing, so that what comes from elsewhere counted.
type kept[V comparable] struct {
	set map[string]V
	was map[string]*V
}

// read takes both from a receipt. One that does not say of each name what was
// there undoes nothing.
func (k *kept[V]) read(undo map[string]string) error {
	err := errors.Join(take(undo, undoWas, &k.was), take(undo, undoSet, &k.set))
	if err == nil && (len(k.set) == 0 || !slices.Equal(slices.Sorted(maps.Keys(k.was)), k.names())) {
		err = errors.New("it does not say of each thing that is set what was there before")
	}
	if err != nil {
		return fmt.Errorf("reading what the fault sets, and what was there: %w; nothing was touched, look by hand", err)
	}
	return nil
}

func (k *kept[V]) write(undo map[string]string) error {
	return errors.Join(put(undo, undoWas, k.was), put(undo, undoSet, k.set))
}

func (k *kept[V]) names() []string { return slices.Sorted(maps.Keys(k.set)) }

// free refuses what somebody else changed since it was planned for.
func (k *kept[V]) free(now map[string]*V) error {
	for _, name := range k.names() {
		if k.stranger(name, now) {
			return fmt.Errorf("%w: somebody made %s %s since it was planned for; plan again", faults.ErrRefused, name, shown(now[name]))
		}
	}
	return nil
}

// ours are the names to put back: all but those that somebody else changed.
// One that is as it was is put back all the same: the broker that said so may
// not have heard of the injection yet.
func (k *kept[V]) ours(now map[string]*V) []string {
	return slices.DeleteFunc(k.names(), func(name string) bool { return k.stranger(name, now) })
}

func (k *kept[V]) stranger(name string, now map[string]*V) bool {
	return !is(now[name], new(k.set[name])) && !is(now[name], k.was[name])
}

// seen finds the fault in any of them that is still as it was set.
func (k *kept[V]) seen(now map[string]*V) faults.Presence {
	for name, value := range k.set {
		if is(now[name], &value) {
			return faults.Present
		}
	}
	return faults.Absent
}

func is[V comparable](a, b *V) bool { return a == b || a != nil && b != nil && *a == *b }

func shown[V any](value *V) string {
	if value == nil {
		return "nothing of its own"
	}
	return fmt.Sprint(*value)
}

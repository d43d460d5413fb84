// Package drivers is the closed set of faults that this build knows.
package drivers

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/kafkaproxy"
	"github.com/k2-platform/faultline/faults/kill"
	"github.com/k2-platform/faultline/faults/linkproxy"
	"github.com/k2-platform/faultline/faults/none"
	"github.com/k2-platform/faultline/faults/pause"
	"github.com/k2-platform/faultline/faults/schema"
	"github.com/k2-platform/faultline/faults/stop"
	"github.com/k2-platform/faultline/faults/topic"
	"github.com/k2-platform/faultline/spec"
)

// Set finds drivers by the kind that a document names.
type Set map[string]faults.Driver

// All gives every driver. dir is where those keep state that have no target
// to keep it in.
func All(dir string) Set {
	set := Set{
		stop.Kind:  stop.Driver{},
		kill.Kind:  kill.Driver{},
		pause.Kind: pause.Driver{},
		none.Kind:  none.Driver{Dir: dir},
	}
	poison := topic.Poison{Dir: dir}
	set[poison.Describe().Name] = poison
	for _, k := range schema.Kinds() {
		set[k.Name] = schema.Driver{Kind: k.Name}
	}
	for _, k := range topic.Changed() {
		set[k.Name] = topic.Driver{Kind: k.Name}
	}
	for _, k := range kafkaproxy.Kinds() {
		set[k.Name] = kafkaproxy.Driver(k.Name)
	}
	for _, k := range linkproxy.Kinds() {
		set[k.Name] = linkproxy.Driver(k.Name)
	}
	return set
}

// Kinds describes the faults, in the order of their names.
func Kinds() []faults.Kind {
	kinds := slices.Concat(kafkaproxy.Kinds(), linkproxy.Kinds(), schema.Kinds(), topic.Changed(), []faults.Kind{none.Describe(), kill.Describe(), pause.Describe(), stop.Describe(), topic.Poison{}.Describe()})
	slices.SortFunc(kinds, func(a, b faults.Kind) int { return strings.Compare(a.Name, b.Name) })
	return kinds
}

// Names are the kinds that a document may write.
func Names() []string {
	kinds := Kinds()
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.Name
	}
	return names
}

// Breaks are the kinds of target that each kind of fault can break.
func Breaks() map[string][]spec.TargetKind {
	out := map[string][]spec.TargetKind{}
	for _, k := range Kinds() {
		out[k.Name] = k.Breaks
	}
	return out
}

// KindOf describes one kind. One that is not known is dangerous and ends its
// target.
func KindOf(name string) faults.Kind {
	return faults.Find(Kinds(), name)
}

// Of is the driver of a kind; an unknown one is faults.ErrRefused.
func (s Set) Of(kind string) (faults.Driver, error) {
	d, ok := s[kind]
	if !ok {
		return nil, fmt.Errorf("%w: there is no fault %q; write one of %s", faults.ErrRefused, kind,
			strings.Join(slices.Sorted(maps.Keys(s)), ", "))
	}
	return d, nil
}

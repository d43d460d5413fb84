package faults

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/k2-platform/faultline/spec"
)

// Risk says how much harm a kind of fault can do. The zero value is the
// worst, so that a kind nobody judged is treated with care.
type Risk int

// From worst to least.
const (
	Dangerous Risk = iota // data is changed: what was right before may be wrong for ever
	Caution               // the target ends, or has less than it needs
	Safe                  // the target goes on where it was once it is let go
)

// String implements fmt.Stringer.
func (r Risk) String() string {
	switch r {
	case Dangerous:
		return "dangerous"
	case Caution:
		return "caution"
	case Safe:
		return "safe"
	}
	return "dangerous"
}

// Kind describes a kind of fault to people.
type Kind struct {
	Name       string
	Summary    string
	Risk       Risk
	Parameters []Parameter
	// Without says of parameters that a reader may look for why they are none of
	// these.
	Without map[string]string
	// Together refuses values that do not fit each other, or that lack one; each
	// was checked alone before. nil takes any.
	Together func(with map[string]string) error
	// Breaks are the kinds of target that it can break. None: it breaks nothing,
	// and leaves a target of any kind alone.
	Breaks []spec.TargetKind
	// Serves says that the target goes on serving while the fault is there. A
	// kind that says nothing is taken to end it.
	Serves bool
}

// Find gives the kind of a name; one that is not there has no target to break,
// and is dangerous.
func Find(kinds []Kind, name string) Kind {
	for _, k := range kinds {
		if k.Name == name {
			return k
		}
	}
	return Kind{Name: name, Breaks: []spec.TargetKind{""}}
}

// Parameter is one key of a fault's With.
type Parameter struct {
	Name, Summary, Default string
	// Check refuses a value with what to write instead; nil takes any.
	Check func(value string) error
}

// Check reports all that is wrong with a fault on a target: unknown
// parameters, values that are refused, a target of a kind that it does not
// break. Each problem is ErrRefused.
func (k Kind) Check(f spec.Fault, t spec.Target) error {
	var wrong error
	if is := t.Kind(); len(k.Breaks) > 0 && !slices.Contains(k.Breaks, is) {
		wrong = fmt.Errorf("%w: fault %s cannot break %s", ErrRefused, k.Name, another(is, t))
	}
	return errors.Join(wrong, k.CheckWith(f.With))
}

// CheckWith is Check without a target.
func (k Kind) CheckWith(with map[string]string) error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(with)) {
		i := slices.IndexFunc(k.Parameters, func(p Parameter) bool { return p.Name == name })
		if i < 0 {
			problems = append(problems, fmt.Errorf("%w: fault %s has no parameter %q: %s", ErrRefused, k.Name, name, cmp.Or(k.Without[name], k.known())))
			continue
		}
		if check := k.Parameters[i].Check; check != nil {
			if err := check(with[name]); err != nil {
				problems = append(problems, fmt.Errorf("%w: parameter %s of fault %s: %w", ErrRefused, name, k.Name, err))
			}
		}
	}
	if k.Together != nil && len(problems) == 0 {
		if err := k.Together(with); err != nil {
			problems = append(problems, fmt.Errorf("%w: fault %s: %w", ErrRefused, k.Name, err))
		}
	}
	return errors.Join(problems...)
}

// another says what a target is, and what to do instead.
func another(is spec.TargetKind, t spec.Target) string {
	switch is {
	case spec.GroupKind:
		return fmt.Sprintf("a group: name one of its members %v", t.Members)
	case spec.WatchedKind:
		return "what is only watched: say on the platform how it is found"
	case spec.ProcessKind, spec.ContainerKind, spec.PodKind, spec.NetworkKind, spec.TopicKind, spec.RegistryKind, spec.TableKind, spec.ProxyKind,
		spec.LinkKind, spec.ClusterKind, spec.DirectoryKind:
	}
	return fmt.Sprintf("a %s: name another target", is)
}

func (k Kind) known() string {
	if len(k.Parameters) == 0 {
		return "it takes none"
	}
	names := make([]string, len(k.Parameters))
	for i, p := range k.Parameters {
		names[i] = p.Name
	}
	return "write one of " + strings.Join(names, ", ")
}

// Package drivers is the closed set of faults that this build knows.
package drivers

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/cpu"
	"github.com/k2-platform/faultline/faults/disk"
	"github.com/k2-platform/faultline/faults/kafkaproxy"
	"github.com/k2-platform/faultline/faults/memory"
	"github.com/k2-platform/faultline/faults/none"
	"github.com/k2-platform/faultline/faults/schema"
	"github.com/k2-platform/faultline/faults/skew"
	"github.com/k2-platform/faultline/faults/storage"
	"github.com/k2-platform/faultline/faults/topic"
	"github.com/k2-platform/faultline/spec"
)

// Set finds drivers by the kind that a document names.
type Set map[string]faults.Driver

// family is kinds of fault that have the same driver.
type family struct {
	kinds  []faults.Kind
	driver func(kind string) faults.Driver
}

func families(dir string) []family {
	return append(append(networks(dir), processes(dir)...),
		alone(none.Describe(), none.Driver{Dir: dir}),
		alone(memory.Describe(), memory.Driver{Dir: dir, Find: found{}}),
		alone(cpu.DescribeSaturate(), cpu.Saturate{Dir: dir, Find: found{}}),
		alone(cpu.DescribeThrottle(), cpu.Throttle{Dir: dir, Find: found{}}),
		alone(disk.DescribeFull(), disk.Full{Dir: dir}),
		alone(disk.DescribeSlow(), disk.Slow{Dir: dir}),
		alone(skew.Describe(), skew.Driver{}),
		alone(storage.Describe(), storage.Driver{Dir: dir}),
		alone(topic.Poison{}.Describe(), topic.Poison{Dir: dir}),
		family{topic.Changed(), func(kind string) faults.Driver { return topic.Driver{Kind: kind} }},
		family{schema.Kinds(), func(kind string) faults.Driver { return schema.Driver{Kind: kind} }},
		family{kafkaproxy.Kinds(), func(kind string) faults.Driver { return kafkaproxy.Driver(kind) }},
	)
}

func alone(k faults.Kind, d faults.Driver) family {
	return family{[]faults.Kind{k}, func(string) faults.Driver { return d }}
}

// All gives every driver. dir is where those keep state that have no target
// to keep it in.
func All(dir string) Set {
	set := Set{}
	for _, f := range families(dir) {
		for _, k := range f.kinds {
			set[k.Name] = f.driver(k.Name)
		}
	}
	return set
}

// WithLake is the set that plans faults on tables which name no catalog in
// this one. What undoes them need not know it.
func (s Set) WithLake(c spec.Catalog) Set {
	out := maps.Clone(s)
	if d, ok := out[storage.Kind].(storage.Driver); ok {
		d.Lake = c
		out[storage.Kind] = d
	}
	return out
}

// Kinds describes the faults, in the order of their names.
func Kinds() []faults.Kind {
	var all []faults.Kind
	for _, f := range families("") {
		all = append(all, f.kinds...)
	}
	slices.SortFunc(all, func(a, b faults.Kind) int { return strings.Compare(a.Name, b.Name) })
	return all
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

package cgroup

import (
	"errors"
	"time"
)

// Throttling is what a quota has kept a group from, since the group was made.
// The zero value is nothing.
type Throttling struct {
	Periods   int64         // in which the group ran, or wanted to
	Throttled int64         // of those, the ones in which its quota was used up
	For       time.Duration // that its processors were kept from it, summed up over them
}

// Throttling reads cpu.stat, as in Documentation/scheduler/sched-bwc.rst (v1)
// and Documentation/admin-guide/cgroup-v2.rst of the Linux kernel. A group
// without a quota has none.
func (g Group) Throttling() (Throttling, error) {
	const file = "cpu.stat"
	span, unit := "throttled_time", int64(1) // in nanoseconds
	if g.V2 {
		span, unit = "throttled_usec", int64(time.Microsecond)
	}
	var t Throttling
	var kept int64
	for name, to := range map[string]*int64{"nr_periods": &t.Periods, "nr_throttled": &t.Throttled, span: &kept} {
		n, err := g.row(file, name)
		if err != nil {
			return Throttling{}, err
		}
		*to = n
	}
	t.For = time.Duration(kept * unit)
	return t, nil
}

// Bounding is the group, or the nearest above it, that has a quota. false: no
// quota bounds it.
func (g Group) Bounding() (Group, Quota, bool, error) {
	for _, level := range g.Levels() {
		q, err := level.Quota()
		if errors.Is(err, ErrNoQuota) {
			continue
		}
		if err != nil || q.Max > 0 {
			return level, q, err == nil, err
		}
	}
	return Group{}, Quota{}, false, nil
}

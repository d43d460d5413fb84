package control

import (
	"maps"
	"slices"

	"github.com/k2-platform/faultline/spec"
)

// Get tells of one fault, wherever it stands.
func (d *Desk[R]) Get(id string) State {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sweep()
	h, there := d.faults[id]
	if !there {
		return State{Receipt: id, Lifted: d.graves[id].why}
	}
	s := d.state(id, h)
	if count, ok := d.Engine.Status()[id]; ok {
		s.Count = &count
	}
	return s
}

// All tells of the proxy and every fault in force, in the order of their
// receipts.
func (d *Desk[R]) All() Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sweep()
	counts := d.Engine.Status()
	out := Status{Run: d.run, Raw: d.Raw, Faults: []State{}}
	for _, id := range slices.Sorted(maps.Keys(d.faults)) {
		s := d.state(id, d.faults[id])
		if count, ok := counts[id]; ok {
			s.Count = &count
		}
		out.Faults = append(out.Faults, s)
	}
	return out
}

// state is called under d.mu.
func (d *Desk[R]) state(id string, h *held[R]) State {
	s := State{Receipt: id, InForce: true, Experiment: h.Experiment, Step: h.Step, Kind: h.Kind, With: h.With, Link: h.Link, Static: h.static}
	if !h.static {
		now := d.Now()
		s.Left, s.Kept = spec.Duration(max(h.Expires-now, 0)), spec.Duration(max(h.until-now, 0))
	}
	return s
}

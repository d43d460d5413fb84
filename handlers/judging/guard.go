package judging

import (
	"maps"
	"slices"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
)

// Guard knows what a judge knew, and looks only for what ends a fault: a
// rollback trigger, or the end of its time. It is for what is not recorded,
// or not yet, and leaves its judge as it is.
type Guard struct{ j Judge }

// Aside makes a guard of what the judge knows now.
func (j *Judge) Aside() *Guard {
	g := Guard{*j}
	g.j.latest, g.j.due, g.j.traces = maps.Clone(j.latest), maps.Clone(j.due), maps.Clone(j.traces)
	g.j.watching.fired = slices.Clone(j.watching.fired)
	return &g
}

// Tick returns what ends a fault at a tick, and was not due before.
func (g *Guard) Tick(s experiment.State, t events.Tick) []Due {
	g.j.read(t)
	s = g.j.place(s, t)
	if !live(s) {
		return nil
	}
	before := maps.Clone(g.j.due)
	g.j.recall(s)
	g.j.fire(s, t)
	g.j.endSteps(s, t)
	return slices.DeleteFunc(g.j.open(s), func(d Due) bool { _, was := before[d.ID]; return was })
}

// Urgent says whether readings that are not in a tick yet make a trigger fire.
func (j *Judge) Urgent(s experiment.State, t events.Tick) bool {
	spoken := func(r events.Reading) bool { return j.firing[r.Metric] }
	return live(s) && slices.ContainsFunc(t.Readings, spoken) && len(j.Aside().Tick(s, t)) > 0
}

func live(s experiment.State) bool {
	return s.Phase == experiment.Injecting || s.Phase == experiment.Injected
}

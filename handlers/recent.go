package handlers

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// Recent is how long after its end a lean log keeps the batches of an
// experiment: whoever tells of news hears them again after a restart.
const Recent = 15 * time.Minute

// Placed is a batch and where it stands.
type Placed struct {
	Batch events.Batch
	Place Place
}

// recent holds every batch of each experiment that is not over, or was not a
// short while ago. It knows an experiment from its first batch on or not at
// all.
type recent struct {
	batches map[spec.ExperimentID][]Placed
	over    []ending // in the order in which they were seen to end
}

// ending is the last batch so far of an experiment that is over.
type ending struct {
	id      spec.ExperimentID
	version uint64
	seen    time.Time
}

// add notes an accepted batch. over says that it leads to the end, or came
// after it.
func (r *recent) add(b events.Batch, at Place, over bool) {
	if r.batches == nil {
		r.batches = map[spec.ExperimentID][]Placed{}
	}
	r.prune()
	all := r.batches[b.Experiment]
	if uint64(len(all))+1 != b.Version {
		return // its beginning is gone
	}
	all = append(all, Placed{b, at})
	if over && !slices.ContainsFunc(all, young) { // who publishes may be late
		delete(r.batches, b.Experiment)
		return
	}
	r.batches[b.Experiment] = all
	if over {
		r.over = append(r.over, ending{b.Experiment, b.Version, time.Now()})
	}
}

func young(p Placed) bool { return time.Since(p.Batch.At) < Recent }

// prune drops what ended too long ago.
func (r *recent) prune() {
	for len(r.over) > 0 && time.Since(r.over[0].seen) >= Recent {
		last := r.over[0]
		r.over = r.over[1:]
		if uint64(len(r.batches[last.id])) == last.version { // else more came since
			delete(r.batches, last.id)
		}
	}
}

// all lists the batches as they stand in the log.
func (r *recent) all() []Placed {
	r.prune()
	var out []Placed
	for batches := range maps.Values(r.batches) {
		out = append(out, batches...)
	}
	slices.SortFunc(out, inLog)
	return out
}

// inLog orders batches by their places.
func inLog(a, b Placed) int {
	return cmp.Or(cmp.Compare(a.Place.Partition, b.Place.Partition), cmp.Compare(a.Place.Offset, b.Place.Offset))
}

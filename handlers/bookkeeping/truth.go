package bookkeeping

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/spec"
)

// TruthLog reads what faults touched.
type TruthLog interface {
	// Truth calls each for what the log has of an experiment, in its order,
	// from the given next offsets on, and returns those that follow. A partition
	// that they do not name is read from its first record of since.
	Truth(ctx context.Context, id spec.ExperimentID, since time.Time, from map[int32]int64, each func(truth.Fact)) (next map[int32]int64, err error)
}

// Touch is what faults did to one record.
type Touch int

// The touches: where a fault did more than one, the last of these counts.
const (
	// Passed holds what it held: the fault did something else to it.
	Passed Touch = iota
	// Misread was changed for one of its readers.
	Misread
	// Changed was changed before the log had it.
	Changed
)

// Touched is what faults did to records, by topic and place. A record that they
// did not touch is not in it.
type Touched map[string]map[Place]Touch

func (t Touched) add(e truth.Entry) {
	if e.Offset < 0 {
		return
	}
	if t[e.Topic] == nil {
		t[e.Topic] = map[Place]Touch{}
	}
	at := Place{e.Partition, e.Offset}
	did := Passed
	if e.Before != "" && e.After != "" && e.Before != e.After {
		if did = Changed; e.Way == fetched {
			did = Misread
		}
	}
	t[e.Topic][at] = max(t[e.Topic][at], did)
}

// fetched is the way of an entry whose record was changed for a reader.
const fetched = "fetch"

// lookForTruth is how often the log is asked for what is missing.
const lookForTruth = time.Second

// Truth counts what the log has of the records that the experiment's faults
// touched. It waits until ctx ends for every fault to say how many those are;
// what is missing then leaves it incomplete, and Why says so. Nil where no fault
// of the experiment touches records. Beside the count stands which they are.
func Truth(ctx context.Context, log TruthLog, s experiment.State) (*events.GroundTruth, Touched) {
	if !slices.ContainsFunc(s.Steps, func(st experiment.Step) bool { return truth.Touches(st.Fault.Kind) }) {
		return nil, nil
	}
	t := newTally(s)
	var from map[int32]int64
	for {
		next, err := log.Truth(ctx, s.ID, s.Began, from, t.add)
		if err == nil {
			from = next
			if len(t.waiting()) == 0 {
				return t.found(nil), t.touched
			}
		}
		if !pause.For(ctx, lookForTruth) {
			return t.found(errors.Join(err, ctx.Err())), t.touched
		}
	}
}

// tally counts entries, each once.
type tally struct {
	due    map[string]bool // receipts that are to be closed
	above  map[string]uint64
	runs   map[string]map[string]truth.RunPart // by receipt and run, what was found
	closed map[string]truth.Closed

	touched Touched
}

func newTally(s experiment.State) *tally {
	t := &tally{
		due: map[string]bool{}, above: map[string]uint64{}, runs: map[string]map[string]truth.RunPart{}, closed: map[string]truth.Closed{},
		touched: Touched{},
	}
	for _, st := range s.Steps {
		if st.Receipt != "" && truth.Touches(st.Fault.Kind) {
			t.due[st.Receipt] = true
		}
	}
	return t
}

func (t *tally) add(f truth.Fact) {
	if f.Closed != nil {
		t.due[f.Closed.ID] = true
		t.closed[f.Closed.ID] = *f.Closed
		return
	}
	for _, e := range f.Entries.Entries {
		if e.Seq <= t.above[e.Run] {
			continue // a repeat: what an experiment has of a run comes in the order of seq
		}
		t.above[e.Run], t.due[e.Receipt] = e.Seq, true
		t.touched.add(e)
		if t.runs[e.Receipt] == nil {
			t.runs[e.Receipt] = map[string]truth.RunPart{}
		}
		n := t.runs[e.Receipt][e.Run].Written
		t.runs[e.Receipt][e.Run] = truth.RunPart{Run: e.Run, Written: n + 1, Last: e.Seq}
	}
}

// waiting are the receipts that nobody closed yet.
func (t *tally) waiting() []string {
	var out []string
	for _, r := range slices.Sorted(maps.Keys(t.due)) {
		if _, ok := t.closed[r]; !ok {
			out = append(out, r)
		}
	}
	return out
}

// found is the result; cause is why no more was waited for.
func (t *tally) found(cause error) *events.GroundTruth {
	out := &events.GroundTruth{Receipts: int64(len(t.closed))}
	var why []string
	for _, r := range slices.Sorted(maps.Keys(t.due)) {
		runs := t.runs[r]
		var entries int64
		for _, part := range runs {
			entries += int64(part.Written) //nolint:gosec // they were counted one by one
		}
		out.Entries += entries
		end, ok := t.closed[r]
		if !ok {
			why = append(why, fmt.Sprintf("receipt %s has %d entries and no closing statement", r, entries))
			continue
		}
		out.Written += int64(end.Written) //nolint:gosec // as many as there are records
		if !whole(runs, end) {
			why = append(why, fmt.Sprintf("receipt %s has %d entries of %d", r, entries, end.Written))
		}
	}
	out.Complete = len(why) == 0 && cause == nil
	if !out.Complete {
		if cause != nil {
			why = append(why, cause.Error())
		}
		out.Why = "ground truth incomplete: " + strings.Join(why, "; ")
	}
	return out
}

// whole says that each run has as many entries as the statement says, up to
// the same last one.
func whole(runs map[string]truth.RunPart, end truth.Closed) bool {
	for _, part := range end.Runs {
		if runs[part.Run] != part {
			return false
		}
	}
	return len(runs) == len(end.Runs)
}

package experiment_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/experiment/experimenttest"
)

// world is a log with several deciders, each of which has read some prefix.
type world struct {
	log      []events.Batch
	deciders []int // how far each has read
	sent     []commands.Envelope
}

func fold(batches []events.Batch) experiment.State {
	var s experiment.State
	for _, b := range batches {
		s = experiment.Evolve(s, b)
	}
	return s
}

// decide lets a decider that may lag behind answer a command, as it would
// against Kafka: it appends, and only the log's order settles who won.
func (w *world) decide(t *rapid.T, who int, c commands.Envelope) {
	s := fold(w.log[:w.deciders[who]])
	out, err := experiment.Decide(s, c)
	if err != nil {
		t.Fatalf("deciding %T: %v", c.Command, err)
	}
	if len(out) == 0 {
		return
	}
	w.log = append(w.log, events.Batch{Experiment: "x", Version: s.Version + 1, Cause: c.ID, At: c.At, Events: out})
}

// TestNoInterleavingLeavesAFaultBehind is the promise of the core: whatever
// the order of commands, duplicates and lagging deciders, an experiment that
// is over has no fault in place, each fault in place of one that was stopped
// has a request to undo it, and there is one verdict.
func TestNoInterleavingLeavesAFaultBehind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := experimenttest.Document(t)
		w := &world{deciders: make([]int, 3)}
		for i := range rapid.IntRange(1, 80).Draw(t, "n") {
			who := rapid.IntRange(0, 2).Draw(t, "who")
			w.deciders[who] = rapid.IntRange(w.deciders[who], len(w.log)).Draw(t, "read")
			var c commands.Envelope
			if len(w.sent) > 0 && rapid.IntRange(0, 4).Draw(t, "again") == 0 {
				c = rapid.SampledFrom(w.sent).Draw(t, "duplicate")
			} else {
				c = commands.Envelope{ID: fmt.Sprint(i), Experiment: "x", At: time.Unix(int64(i), 0), By: rapid.SampledFrom([]string{"alice@a", "ALICE@b", "bob@a", ""}).Draw(t, "by"), Command: experimenttest.Command(t, d)}
				w.sent = append(w.sent, c)
			}
			if rapid.IntRange(0, 2).Draw(t, "fresh") > 0 {
				w.deciders[who] = len(w.log)
			}
			w.decide(t, who, c)
			checkSafety(t, w.log)
			checkRadius(t, w.log)
		}
	})
}

func checkSafety(t *rapid.T, log []events.Batch) {
	s := fold(log)
	for _, st := range s.Steps {
		inPlace := st.Phase == experiment.Requested || st.Phase == experiment.Present || st.Phase == experiment.Undoing || st.Phase == experiment.StuckStep
		if inPlace && s.Phase.Over() {
			t.Fatalf("experiment is %s and step %s is %s", s.Phase, st.ID, st.Phase)
		}
		stopped := s.Cause != "" && s.Cause != events.Planned
		if stopped && (st.Phase == experiment.Requested || st.Phase == experiment.Present) {
			t.Fatalf("experiment was stopped (%s) and nobody asked to undo step %s", s.Cause, st.ID)
		}
	}
	checkOnce(t, log)
}

// checkOnce sees accepted batches: one verdict, one batch a command, and
// rollbacks of one decision in the reverse order of injection.
func checkOnce(t *rapid.T, log []events.Batch) {
	var s experiment.State
	verdicts, causes := 0, map[string]bool{}
	for _, b := range log {
		if !experiment.Accepts(s, b) {
			continue
		}
		if causes[b.Cause] {
			t.Fatalf("command %s caused two batches", b.Cause)
		}
		causes[b.Cause] = true
		order := slices.Clone(s.Order)
		s = experiment.Evolve(s, b)
		last := len(order)
		for _, e := range b.Events {
			if givesVerdict(e) {
				verdicts++
			}
			if undo, ok := e.(events.RollbackRequested); ok {
				at := slices.Index(order, undo.Step)
				if at >= last {
					t.Fatalf("rollback of %s is not last in, first out", undo.Step)
				}
				last = at
			}
		}
	}
	if verdicts > 1 {
		t.Fatalf("%d verdicts", verdicts)
	}
}

func TestFoldByHalvesIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := experimenttest.Document(t)
		w := &world{deciders: make([]int, 1)}
		for i := range rapid.IntRange(1, 40).Draw(t, "n") {
			w.deciders[0] = len(w.log)
			w.decide(t, 0, commands.Envelope{ID: fmt.Sprint(i), Experiment: "x", Command: experimenttest.Command(t, d)})
		}
		cut := rapid.IntRange(0, len(w.log)).Draw(t, "cut")
		s := fold(w.log[:cut])
		before := s.Version
		for _, b := range w.log[cut:] {
			s = experiment.Evolve(s, b)
		}
		whole := fold(w.log)
		if s.Version != whole.Version || s.Phase != whole.Phase || s.Verdict != whole.Verdict {
			t.Fatalf("by halves %d %s, whole %d %s", s.Version, s.Phase, whole.Version, whole.Phase)
		}
		if again := fold(w.log[:cut]); again.Version != before {
			t.Fatal("evolving changed an older state")
		}
	})
}

func givesVerdict(e events.Event) bool {
	_, concluded := e.(events.Concluded)
	_, denied := e.(events.ExperimentDenied)
	return concluded || denied
}

// TestSettledDecidesAsBefore: of an experiment that is over, what is kept
// gives the same answer to every command, now and after further batches.
func TestSettledDecidesAsBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := experimenttest.Document(t)
		var whole, kept experiment.State
		for i := range rapid.IntRange(1, 80).Draw(t, "n") {
			id := fmt.Sprint(rapid.IntRange(max(0, i-20), i).Draw(t, "id")) // some come again
			c := commands.Envelope{ID: id, Experiment: "x", At: time.Unix(int64(i), 0), Command: experimenttest.Command(t, d)}
			want, err := experiment.Decide(whole, c)
			if err != nil {
				t.Fatal(err)
			}
			got, err := experiment.Decide(kept, c)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(want, got) {
				t.Fatalf("%T is answered by %v, and by %v once the experiment is settled", c.Command, want, got)
			}
			if len(want) == 0 {
				continue
			}
			b := events.Batch{Experiment: "x", Version: whole.Version + 1, Cause: c.ID, At: c.At, Events: want}
			whole, kept = experiment.Evolve(whole, b), experiment.Evolve(kept, b).Settled()
			if whole.Phase != kept.Phase || whole.Version != kept.Version {
				t.Fatalf("%s %d became %s %d", whole.Phase, whole.Version, kept.Phase, kept.Version)
			}
		}
	})
}

func TestALogMayBeginWithAnything(t *testing.T) {
	s := fold([]events.Batch{{Experiment: "x", Version: 1, Cause: "c", Events: []events.Event{events.ClaimJudged{Claim: events.ClaimImpact}}}})
	if s.Version != 1 {
		t.Fatalf("version %d", s.Version)
	}
}

package bookkeeping

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
	"github.com/k2-platform/faultline/spec"
)

// truthTopic is the ground truth in memory.
type truthTopic struct {
	facts  []truth.Fact
	late   []truth.Fact // come with the second question
	broken error
}

func (l *truthTopic) Truth(
	_ context.Context, _ spec.ExperimentID, _ time.Time, from map[int32]int64, each func(truth.Fact),
) (map[int32]int64, error) {
	for _, f := range l.facts[from[0]:] {
		each(f)
	}
	next := map[int32]int64{0: int64(len(l.facts))}
	l.facts, l.late = append(l.facts, l.late...), nil
	return next, l.broken
}

// did are entries of a receipt, by seq.
func did(run, receipt string, seqs ...uint64) truth.Fact {
	e := &truth.Entries{Experiment: "x", Run: run}
	for _, seq := range seqs {
		e.Entries = append(e.Entries, truth.Entry{Experiment: "x", Run: run, Receipt: receipt, Seq: seq})
	}
	return truth.Fact{Entries: e}
}

func closedWith(written uint64, runs ...truth.RunPart) truth.Fact {
	return truth.Fact{Closed: &truth.Closed{Receipt: truth.Receipt{ID: "r", Experiment: "x"}, Written: written, Runs: runs}}
}

func broken(kind, receipt string) experiment.State {
	return experiment.State{ID: "x", Steps: []experiment.Step{{Step: spec.Step{Fault: spec.Fault{Kind: kind}}, Receipt: receipt}}}
}

func TestEveryEntryIsAccountedFor(t *testing.T) {
	part := truth.RunPart{Run: "one", Written: 3, Last: 5}
	for name, c := range map[string]struct {
		topic truthTopic
		want  events.GroundTruth
	}{
		"all are there": {
			truthTopic{facts: []truth.Fact{did("one", "r", 1, 2, 5), closedWith(3, part)}},
			events.GroundTruth{Receipts: 1, Written: 3, Entries: 3, Complete: true},
		},
		"repeats count once, over lives of the proxy": {
			truthTopic{facts: []truth.Fact{
				did("one", "r", 1, 2), did("one", "r", 1, 2), did("one", "r", 2, 5), did("two", "r", 1),
				closedWith(4, part, truth.RunPart{Run: "two", Written: 1, Last: 1}),
				did("one", "r", 5), closedWith(4, part, truth.RunPart{Run: "two", Written: 1, Last: 1}),
			}},
			events.GroundTruth{Receipts: 1, Written: 4, Entries: 4, Complete: true},
		},
		"the fault touched nothing": {
			truthTopic{facts: []truth.Fact{closedWith(0)}},
			events.GroundTruth{Receipts: 1, Complete: true},
		},
		"the statement comes late": {
			truthTopic{facts: []truth.Fact{did("one", "r", 1, 2)}, late: []truth.Fact{did("one", "r", 5), closedWith(3, part)}},
			events.GroundTruth{Receipts: 1, Written: 3, Entries: 3, Complete: true},
		},
		"one is missing in the middle": {
			truthTopic{facts: []truth.Fact{did("one", "r", 1, 5), closedWith(3, part)}},
			events.GroundTruth{Receipts: 1, Written: 3, Entries: 2, Why: "ground truth incomplete: receipt r has 2 entries of 3"},
		},
		"a life is missing": {
			truthTopic{facts: []truth.Fact{did("one", "r", 1, 2, 5), closedWith(4, part, truth.RunPart{Run: "two", Written: 1, Last: 1})}},
			events.GroundTruth{Receipts: 1, Written: 4, Entries: 3, Why: "ground truth incomplete: receipt r has 3 entries of 4"},
		},
		"there are more than were told": {
			truthTopic{facts: []truth.Fact{did("one", "r", 1, 2, 4, 5), closedWith(3, part)}},
			events.GroundTruth{Receipts: 1, Written: 3, Entries: 4, Why: "ground truth incomplete: receipt r has 4 entries of 3"},
		},
		"nobody closes it": {
			truthTopic{facts: []truth.Fact{did("one", "r", 1)}},
			events.GroundTruth{Entries: 1, Why: "ground truth incomplete: receipt r has 1 entries and no closing statement; context deadline exceeded"},
		},
		"nothing ever came": {
			truthTopic{},
			events.GroundTruth{Why: "ground truth incomplete: receipt r has 0 entries and no closing statement; context deadline exceeded"},
		},
		"a receipt that no step names is not closed": {
			truthTopic{facts: []truth.Fact{closedWith(0), did("one", "stray", 1)}},
			events.GroundTruth{
				Receipts: 1, Entries: 1,
				Why: "ground truth incomplete: receipt stray has 1 entries and no closing statement; context deadline exceeded",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, done := context.WithTimeout(t.Context(), time.Minute)
				defer done()
				got, _ := Truth(ctx, &c.topic, broken("kafka.corrupt", "r"))
				assert.Equal(t, &c.want, got)
			})
		})
	}
}

func TestATopicThatCannotBeReadIsNoTruth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, done := context.WithTimeout(t.Context(), time.Minute)
		defer done()
		log := &truthTopic{facts: []truth.Fact{closedWith(0)}, broken: errors.New("kafka is away")}
		got, _ := Truth(ctx, log, broken("kafka.drop", "r"))
		assert.False(t, got.Complete)
		assert.Contains(t, got.Why, "kafka is away")
	})
}

func TestOtherFaultsHaveNoTruth(t *testing.T) {
	none, touched := Truth(t.Context(), nil, broken("kafka.delay", "r"))
	assert.Nil(t, none)
	assert.Nil(t, touched)
	s := broken("kafka.delay", "r")
	s.Steps = slices.Concat(s.Steps, broken("kafka.hold", "").Steps)
	none, _ = Truth(t.Context(), &truthTopic{}, s)
	assert.Equal(t, &events.GroundTruth{Complete: true}, none, "it was never injected")
}

func TestWhichRecordsWereChanged(t *testing.T) {
	entry := func(seq uint64, offset int64, before, after string) truth.Entry {
		return truth.Entry{Experiment: "x", Run: "one", Receipt: "r", Seq: seq, Topic: "trades", Partition: 2, Offset: offset, Before: before, After: after}
	}
	read := func(e truth.Entry) truth.Entry { e.Way = "fetch"; return e }
	log := &truthTopic{facts: []truth.Fact{{Entries: &truth.Entries{Experiment: "x", Run: "one", Entries: []truth.Entry{
		entry(1, 5, "a", "b"),
		entry(2, 6, "a", "a"), // two equal values in each other's place
		entry(3, 7, "a", ""),  // dropped
		entry(4, 5, "a", "a"), // the first one again, this time as it was
		entry(5, -1, "a", "b"),
		read(entry(6, 8, "a", "b")),
		read(entry(7, 5, "a", "b")),
	}}}, closedWith(7, truth.RunPart{Run: "one", Written: 7, Last: 7})}}
	got, touched := Truth(t.Context(), log, broken("kafka.corrupt", "r"))
	assert.True(t, got.Complete, got.Why)
	assert.Equal(t, Touched{"trades": {{2, 5}: Changed, {2, 6}: Passed, {2, 7}: Passed, {2, 8}: Misread}}, touched)
}

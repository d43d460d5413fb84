package projections

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
)

func touched(experiment, run string, seqs ...uint64) truth.Fact {
	e := &truth.Entries{Experiment: experiment, Run: run}
	for _, seq := range seqs {
		e.Entries = append(e.Entries, truth.Entry{
			Experiment: experiment, Run: run, Seq: seq, Step: "corrupt", Receipt: "r", Fault: "kafka.corrupt", What: "bit_flip",
			Topic: "trades", Partition: 3, Offset: int64(seq) - 2, Way: "fetch", Client: "sink", Before: "aa", At: second(int(seq)),
		})
	}
	return truth.Fact{Entries: e}
}

func (l *fakeLog) truths(t *testing.T, facts ...truth.Fact) (last Source) {
	t.Helper()
	for _, f := range facts {
		e, err := truth.Encode(f)
		last = l.encoded(t, topics().GroundTruth, e, err)
	}
	return last
}

// TestARepeatedEntryIsOneRow also where the daemon was restarted between the
// entry and its repeat, and where both come before a flush.
func TestARepeatedEntryIsOneRow(t *testing.T) {
	l, log := openLake(t), newLog()
	run := func(last Source) { t.Helper(); followTo(t, l, log, last) }
	end := truth.Fact{Closed: &truth.Closed{Receipt: truth.Receipt{ID: "r", Experiment: "x"}}}
	log.put(topics().GroundTruth, "x", nil, []byte("no truth"))
	run(log.truths(t, touched("x", "one", 1, 2, 4), touched("x", "one", 1, 2, 4), touched("y", "one", 3)))
	run(log.truths(t, touched("x", "one", 2, 4, 5), touched("x", "two", 1), end))
	run(log.truths(t, touched("x", "one", 4, 5), touched("x", "two", 1, 2), touched("y", "one", 3, 6), end))

	assert.Equal(t, []string{
		"x one 1 -", "x one 2 0", "x one 4 2", "x one 5 3", "x two 1 -", "x two 2 0", "y one 3 1", "y one 6 4",
	}, contents(t, l, "ground_truth", "experiment", "run", "seq", "record_offset"))
	assert.Equal(t, "corrupt r kafka.corrupt bit_flip trades 3 fetch sink aa -",
		contents(t, l, "ground_truth", "step", "receipt", "fault", "what", "record_topic", "record_partition", "way", "client", "before", "after")[0])
}

// TestACrashBeforeTheFlushRepeatsNothing: rows that were handed over and not
// written are read again, and were not counted as there.
func TestACrashBeforeTheFlushRepeatsNothing(t *testing.T) {
	l := openLake(t)
	at := func(offset int64, f truth.Fact) Truth {
		return Truth{Fact: f, Topic: topics().GroundTruth, Offset: offset}
	}
	crashed := openSet(t, l)
	require.NoError(t, crashed.Truth(t.Context(), at(0, touched("x", "one", 1, 2))))
	require.NoError(t, crashed.Flush(t.Context(), nextOf(topics().GroundTruth, 1)))
	require.NoError(t, crashed.Truth(t.Context(), at(1, touched("x", "one", 3))))

	again := openSet(t, l)
	require.Equal(t, next(1), again.From(topics().GroundTruth))
	require.NoError(t, again.Truth(t.Context(), at(1, touched("x", "one", 3))))
	require.NoError(t, again.Truth(t.Context(), at(2, touched("x", "one", 1, 2, 3, 4))))
	require.NoError(t, again.Flush(t.Context(), nextOf(topics().GroundTruth, 3)))
	assert.Equal(t, []string{"1 0", "2 0", "3 1", "4 2"}, contents(t, l, "ground_truth", "seq", "offset"))
}

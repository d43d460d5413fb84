package verifier_test

import (
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/audit/sources"
	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/defect"
)

// planted is a defect of the sink, and by what it has to be found.
type planted struct {
	defect defect.Defect
	// every is its rate in a short run; 0: it has none. A long run has the usual one.
	every int64
	// expect says what becomes of the records, by what the sink said that it did.
	// What it leaves alone is as without the defect.
	expect func(w *world, said []damage) outcome
	// differ are the columns in which altered records differ.
	differ []string
	// violated are the checks that have to be, unknown those that cannot run; may
	// are those that are, or are not, as the records have it.
	violated, unknown, may []string
	// named is the check that names each batch, or file, that was damaged.
	named string
	// late says that rows come after others, which the books of each commit show.
	late bool
	// unreadable says that the table cannot be read to its end.
	unreadable bool
}

// missing are the checks that see a row that is not there, and one too many.
func missing(more ...string) []string {
	return append([]string{
		"sequence_platform_sequence", "sequence_source_sequence", "window_count", "window_digest",
		"window_sum_price", "window_sum_price_x_quantity", "window_sum_quantity",
	}, more...)
}

// cases are all defects of the sink.
func cases() []planted {
	times := []string{"window_times"}
	return []planted{
		{defect: defect.DropAfterAck, every: 100, expect: lost, violated: missing(), may: times},
		{
			defect: defect.SwapPriceQuantity, every: 100, expect: altered, differ: []string{"price", "quantity"},
			violated: []string{"window_digest", "window_sum_price", "window_sum_quantity"}, // the product is the same
		},
		{
			defect: defect.TruncateDecimal, every: 100, expect: altered, differ: []string{"price"},
			violated: []string{"window_digest", "window_sum_price", "window_sum_price_x_quantity"},
		},
		{
			defect: defect.ShiftTimestamp, every: 100, expect: altered, differ: []string{"timestamp"},
			violated: []string{"window_count", "window_digest", "window_sum_price", "window_sum_price_x_quantity", "window_sum_quantity"}, may: times,
		},
		{
			defect: defect.WriteTwice, every: 4, named: "committed_offsets", violated: missing("committed_offsets", "key_unique"),
			expect: func(w *world, said []damage) outcome { return outcome{account.StoredN: w.rowsOf(snapshots(said)...)} },
		},
		{defect: defect.CommitThenCrash, every: 4, expect: crashed, violated: missing(), may: times},
		{
			defect: defect.OrphanCommit, every: 4, named: "snapshot_chain", violated: missing("snapshot_chain"), may: append(times, "committed_offsets"),
			expect: func(w *world, said []damage) outcome { return w.gone(w.rowsOf(snapshots(said)...)) },
		},
		{
			defect: defect.StaleSnapshot, every: 7, named: "snapshot_chain", violated: missing("committed_offsets", "snapshot_chain"), may: times,
			expect: func(w *world, said []damage) outcome {
				return outcome{account.InFlight: w.behind(w.markAt(said[0].StandsAt))}
			},
		},
		{defect: defect.LoseDataFile, every: 4, named: "files_present", unreadable: true, violated: []string{"files_present"}, unknown: []string{
			"key_unique", "sequence_platform_sequence", "sequence_source_sequence", "window_sums",
		}},
		{defect: defect.Reorder, every: 100, late: true, expect: lastLost, may: missing("committed_offsets", "window_times")},
		{defect: defect.CommitBeforeWrite, late: true, expect: lastLost, violated: missing(), may: append(times, "committed_offsets")},
		{defect: defect.DLQWholeBatch, expect: lettered, violated: missing(), may: times},
		{defect: defect.DropUndecodable, expect: undecoded},
		{defect: defect.NoDigest, expect: accepted(undigested), violated: []string{
			"window_count", "window_digest", "window_sum_price", "window_sum_price_x_quantity", "window_sum_quantity", "window_times",
		}},
		{defect: defect.NoValidation, expect: accepted(undigested, offTick), violated: []string{
			"window_count", "window_digest", "window_sum_price", "window_sum_price_x_quantity", "window_sum_quantity", "window_times",
		}},
	}
}

// at are the places that a sink named.
func at(said []damage) places {
	out := places{}
	for _, d := range said {
		out[audit.Place{Partition: d.Partition, Offset: d.Offset}] = true
	}
	return out
}

func snapshots(said []damage) (out []int64) {
	for _, d := range said {
		out = append(out, d.Snapshot)
	}
	return out
}

func lost(_ *world, said []damage) outcome { return outcome{account.LostAcked: at(said)} }

// undecoded are the records that nobody can read, and the sink named.
func undecoded(w *world, said []damage) outcome {
	var all []flaw
	for _, f := range flaws() {
		if f.undecodable() {
			all = append(all, f)
		}
	}
	assert.Equal(w.t, w.flawed(all...), at(said))
	return lost(w, said)
}

func altered(_ *world, said []damage) outcome { return outcome{account.Altered: at(said)} }

// gone are records that are not stored: lost, or still to come where the table
// has not passed them.
func (w *world) gone(all places) outcome {
	out, mark := outcome{}, w.mark()
	for at := range all {
		class := account.LostAcked
		if at.Offset >= mark[at.Partition] {
			class = account.InFlight
		}
		out.add(class, places{at: true})
	}
	return out
}

// behind are the good records that the table has not passed at a mark.
func (w *world) behind(mark map[int32]int64) places {
	w.t.Helper()
	ends, err := w.bus.EndOffsets(w.t.Context(), broker.Topic)
	require.NoError(w.t, err)
	return w.good(sources.RangesOf(mark, ends))
}

// crashed are the records of commits without rows, as many as the sink said.
func crashed(w *world, said []damage) outcome {
	all, rows := places{}, int64(0)
	for _, c := range w.commits() {
		if c.rows == 0 {
			for at := range w.good(c.ranges) {
				all[at] = true
			}
		}
	}
	for _, d := range said {
		rows += d.Rows
	}
	assert.Len(w.t, all, int(rows), "the sink said how many rows it left out")
	return w.gone(all)
}

// lastLost are those of the last commit, whose rows wait for one more.
func lastLost(w *world, said []damage) outcome {
	all := w.commits()
	last := w.good(all[len(all)-1].ranges)
	if said == nil {
		return outcome{account.LostAcked: last}
	}
	out := places{}
	for at := range at(said) {
		if last[at] {
			out[at] = true
		}
	}
	return outcome{account.LostAcked: out}
}

// lettered are good records that have a dead letter.
func lettered(w *world, _ []damage) outcome {
	all := places{}
	letters := sources.LetterTopic{Bus: w.bus, Name: broker.DeadLetters, Of: broker.Topic}
	require.NoError(w.t, letters.Letters(w.t.Context(), func(l audit.Letter) error { all[l.At] = true; return nil }))
	assert.EqualValues(w.t, len(all), w.sink.counter("sink_dead_letters_total"), "what the sink counts is what it sends")
	for _, s := range w.spoilt {
		delete(all, s.at)
	}
	return outcome{account.DeadLettered: all}
}

// accepted are spoilt records of some flaws.
func accepted(flaws ...flaw) func(*world, []damage) outcome {
	return func(w *world, _ []damage) outcome { return outcome{account.CorruptedAccepted: w.flawed(flaws...)} }
}

func (w *world) flawed(flaws ...flaw) places {
	out := places{}
	for _, s := range w.spoilt {
		for _, f := range flaws {
			if s.flaw == f {
				out[s.at] = true
			}
		}
	}
	return out
}

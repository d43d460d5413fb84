package checks_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/checks"
	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/spec"
)

// own is a check that somebody adds.
type own struct {
	name string
	run  func(context.Context, checks.Input) ([]checks.Result, error)
}

func (o own) Name() string { return o.name }
func (o own) Run(ctx context.Context, in checks.Input) ([]checks.Result, error) {
	return o.run(ctx, in)
}

// TestEachFailureIsItsOwn: what fails is unknown and says why, in the order of
// the list, and the others run.
func TestEachFailureIsItsOwn(t *testing.T) {
	at := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	ticks := 0
	in := checks.Input{From: at, To: at.Add(time.Hour), Clock: func() time.Time { ticks++; return at.Add(time.Duration(ticks) * time.Second) }}
	holds := func(context.Context, checks.Input) ([]checks.Result, error) {
		return []checks.Result{{Answer: events.Holds, Expected: "1", Actual: "1", Evidence: strings.Repeat("é", 10_000)}}, nil
	}
	list := []checks.Check{
		own{"fails", func(context.Context, checks.Input) ([]checks.Result, error) { return nil, errors.New("no table") }},
		own{"panics", func(context.Context, checks.Input) ([]checks.Result, error) { panic("oops") }},
		own{"silent", func(context.Context, checks.Input) ([]checks.Result, error) { return nil, nil }},
		own{"half", func(context.Context, checks.Input) ([]checks.Result, error) {
			return []checks.Result{{Check: "found", From: at, Answer: events.Violated}}, errors.New("the rest could not be read")
		}},
		own{"well", holds},
	}
	for _, c := range list { // one at a time: the clock is not for many
		results := checks.Run(t.Context(), []checks.Check{c}, in)
		for _, r := range results {
			assert.Equal(t, spec.Duration(time.Second), r.Cost.Duration)
		}
		switch c.Name() {
		case "fails":
			assert.Equal(t, []checks.Result{{Check: "fails", From: in.From, To: in.To, Evidence: "no table", Cost: results[0].Cost}}, results)
		case "panics":
			assert.Equal(t, events.Unknown, results[0].Answer)
			assert.Contains(t, results[0].Evidence, "oops at run_test.go:")
		case "silent":
			assert.Equal(t, events.Unknown, results[0].Answer)
			assert.NotEmpty(t, results[0].Evidence)
		case "half":
			require.Len(t, results, 2)
			assert.Equal(t, "found", results[0].Check)
			assert.True(t, results[0].To.IsZero(), "it has a window of its own")
			assert.Equal(t, events.Unknown, results[1].Answer)
		case "well":
			assert.Equal(t, events.Holds, results[0].Answer)
			assert.Less(t, len(results[0].Evidence), 9_000)
			assert.True(t, strings.HasSuffix(results[0].Evidence, "é (cut)"))
		}
	}
	in.Clock = func() time.Time { return at }
	var names []string
	for _, r := range checks.Run(t.Context(), list, in) {
		names = append(names, r.Check)
	}
	assert.Equal(t, []string{"fails", "panics", "silent", "found", "half", "well"}, names)
	over, end := context.WithCancel(t.Context())
	end()
	for _, r := range checks.Run(over, list, in) {
		assert.Equal(t, events.Unknown, r.Answer, "there was no time")
	}
}

// broken is a side that cannot be read.
type broken struct{ why error }

func (b broken) Read(context.Context, func() func(checks.Record) error) (checks.Cost, error) {
	return checks.Cost{}, b.why
}

// TestWhatCannotBeReadIsUnknown, whichever it is, and never holds.
func TestWhatCannotBeReadIsUnknown(t *testing.T) {
	w := newWorld(t, trades(6), 6)
	away := errors.New("kafka is away")
	for name, c := range map[string]struct {
		change   func(*checks.Input)
		unknown  []string
		evidence string
	}{
		"nothing is given": {
			func(in *checks.Input) { *in = checks.Input{Clock: in.Clock} },
			[]string{"snapshot_chain", "files_present", "orphan_files", "committed_offsets", "key_unique", "window_sums", "sequence_source_sequence", "schema_drift"},
			"nothing to check with",
		},
		"the log": {func(in *checks.Input) { in.Log = broken{away} }, []string{"window_sums", "sequence_source_sequence"}, "kafka is away"},
		"the rows": {
			func(in *checks.Input) { in.Rows = broken{away} },
			[]string{"key_unique", "window_sums", "sequence_source_sequence"},
			"kafka is away",
		},
		"the catalog": {
			func(in *checks.Input) {
				in.Table = func(context.Context) (*lake.Anatomy, error) { return nil, lake.ErrUnreachable }
			},
			[]string{"snapshot_chain", "files_present", "orphan_files", "committed_offsets", "schema_drift"},
			"unreachable",
		},
		"the offsets": {
			func(in *checks.Input) {
				in.Offsets = func(context.Context) (checks.Places, error) { return checks.Places{}, away }
			},
			[]string{"committed_offsets"},
			"kafka is away",
		},
		"the registry": {func(in *checks.Input) { in.Registry = down{} }, []string{"schema_drift"}, "the registry is away"},
		"a column that is not mapped": {
			func(in *checks.Input) { in.Columns = in.Columns[:6] }, []string{"window_sums", "sequence_source_sequence"}, "",
		},
		"columns that are no numbers": {
			func(in *checks.Input) {
				in.Columns = columns()
				in.Columns[4].Type, in.Columns[6].Type = "double", "string"
			},
			[]string{"window_sums", "sequence_source_sequence"},
			`column "price" is double, and has to be decimal`,
		},
		"records of another mapping": {
			func(in *checks.Input) { in.Log = short{} }, []string{"window_sums", "sequence_source_sequence"}, "a record has 1 values of 7 columns",
		},
		"records that are none": {
			func(in *checks.Input) { in.Log = noise{} }, []string{"window_sums", "sequence_source_sequence"}, "not the form of a value",
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := w.input()
			c.change(&in)
			results := checks.Run(t.Context(), w.list(), in)
			want := map[string]events.Answer{}
			for _, u := range c.unknown {
				want[u] = events.Unknown
			}
			assert.Equal(t, want, not(results))
			assert.Contains(t, evidence(results, c.unknown[0]), c.evidence)
		})
	}
}

// TestATableWithoutAWatermark is one whose writer keeps its offsets elsewhere:
// with its group, which stands in for it, or nobody knows where, and then there
// is nothing to say. It is unknown in no case.
func TestATableWithoutAWatermark(t *testing.T) {
	w := newWorld(t, trades(6), 6)
	run := func(p checks.Places) (results []checks.Result, notes []string) {
		in := w.input()
		in.Offsets = func(context.Context) (checks.Places, error) { return p, nil }
		in.Note = func(check string, why error) { notes = append(notes, check+": "+why.Error()) }
		return checks.Run(t.Context(), []checks.Check{checks.Offsets{}, checks.Chain{}}, in), notes
	}
	other := checks.Places{Topic: "other", Start: map[int32]int64{0: 2}, End: map[int32]int64{0: 9}}
	results, notes := run(other)
	require.Len(t, results, 1)
	assert.Equal(t, "snapshot_chain", results[0].Check)
	require.Len(t, notes, 1)
	assert.Contains(t, notes[0], "committed_offsets: not applicable: no snapshot of market_data.trades has a watermark of topic other")
	for committed, want := range map[int64]events.Answer{2: events.Holds, 9: events.Holds, 10: events.Violated, 1: events.Violated} {
		other.Committed = map[int32]int64{0: committed}
		results, notes = run(other)
		require.Len(t, results, 2)
		assert.Empty(t, notes)
		assert.Equal(t, want, results[0].Answer, "%d: %s", committed, results[0].Evidence)
		assert.Contains(t, results[0].Evidence, "the sink's group")
	}
}

// down is a registry that does not answer.
type down struct{}

func (down) Versions(context.Context) ([]int32, error) {
	return nil, errors.New("the registry is away")
}
func (down) Used(context.Context) (map[int32]int64, error) { return nil, nil }

type short struct{}

func (short) Read(_ context.Context, worker func() func(checks.Record) error) (checks.Cost, error) {
	return checks.Cost{}, worker()(checks.Record{Values: digest.AppendInt(nil, 1)})
}

type noise struct{}

func (noise) Read(_ context.Context, worker func() func(checks.Record) error) (checks.Cost, error) {
	return checks.Cost{}, worker()(checks.Record{Values: []byte{0xff, 1, 2}})
}

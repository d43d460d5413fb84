package sparkaudit

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/spark"
)

// told is an engine that answers what it was told to.
type told struct {
	results []spark.Result
	err     error
	job     *spark.Job
}

func (e told) Run(_ context.Context, job spark.Job) ([]spark.Result, error) {
	if e.job != nil {
		*e.job = job
	}
	return e.results, e.err
}

func from() time.Time { return time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC) }

func options(e Engine) Options {
	return Options{
		Engine: e, Table: "market_data.trades_v2", From: from(), To: from().Add(time.Hour),
		Columns: Columns{
			Key: "trade_id", Exchange: "exchange", Symbol: "symbol", Time: "ingestion_timestamp",
			Price: "price", Quantity: "quantity", Sequence: "platform_sequence",
		},
	}
}

func answered(name string, rows ...[]string) spark.Result {
	r := spark.Result{Name: name, Columns: []string{"subject", "window_from", "window_to", "expected", "actual", "answer", "evidence"}, Seconds: 1.5}
	for _, row := range rows {
		var cells []*string
		for _, cell := range row {
			if cell == "-" {
				cells = append(cells, nil)
				continue
			}
			cells = append(cells, &cell)
		}
		r.Rows = append(r.Rows, cells)
	}
	return r
}

func unknown(check, why string) Row {
	return Row{Check: check, Subject: "all", From: from(), To: from().Add(time.Hour), Evidence: why}
}

func TestRowsComeInOneOrder(t *testing.T) {
	const f, to, m = "2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z", "2026-03-02T10:01:00Z"
	o := options(told{results: []spark.Result{
		answered("sequence_gaps", []string{"NYSE", f, to, "3", "3", "holds", "-"}, []string{"ASX", f, to, "3", "2", "violated", "after 1"}),
		answered("window_sums", []string{"ASX BHP", m, to, "b", "c", "violated", "-"}, []string{"ASX CBA", f, m, "b", "c", "violated", "-"}, []string{"all", f, to, "2", "0", "violated", "-"}),
		answered("unique_key", []string{"all", f, to, "5", "5", "holds", "-"}),
	}})
	o.Produced = []Sums{}
	rows, err := Run(t.Context(), o)
	require.NoError(t, err)
	var short []string
	for _, r := range rows {
		short = append(short, r.Check+" "+r.Subject+" "+r.Answer.String()+" "+r.Cost.String())
	}
	assert.Equal(t, []string{
		"unique_key all holds 1.5s", "window_sums all violated 1.5s", "window_sums ASX CBA violated 0s", "window_sums ASX BHP violated 0s",
		"sequence_gaps ASX violated 1.5s", "sequence_gaps NYSE holds 0s",
	}, short)
	assert.Equal(t, Row{
		Check: "sequence_gaps", Subject: "ASX", From: from(), To: from().Add(time.Hour), Expected: "3", Actual: "2",
		Answer: events.Violated, Evidence: "after 1", Cost: 1500 * time.Millisecond,
	}, rows[4])
}

// TestWhatDidNotRunIsUnknown in each way in which it may not have run.
func TestWhatDidNotRunIsUnknown(t *testing.T) {
	lost := errors.New("the cluster is gone")
	o := options(told{err: lost, results: []spark.Result{
		{Name: "audited", Error: "no column trade_id"},
		{Name: "unique_key", Error: "no view audited"},
		answered("sequence_gaps"),
	}})
	o.DeadLetters = true
	rows, err := Run(t.Context(), o)
	require.ErrorIs(t, err, lost)
	assert.Equal(t, []Row{
		unknown("unique_key", "view audited: no column trade_id; no view audited"),
		unknown("window_sums", "what was produced is not known"),
		unknown("sequence_gaps", "there is nothing that it could look at"),
		unknown("unresolved_dead_letters", "the engine ended before it came to this check"),
	}, rows)
}

func TestARowThatCannotBeReadIsNoAnswer(t *testing.T) {
	rows, err := Run(t.Context(), options(told{results: []spark.Result{
		answered("unique_key", []string{"all", "yesterday", "2026-03-02T11:00:00Z", "5", "5", "holds", "-"}), answered("sequence_gaps"),
	}}))
	require.ErrorContains(t, err, "row 1 of check unique_key")
	assert.Equal(t, events.Unknown, rows[0].Answer)
}

func TestOnlyWhatIsAskedForIsRun(t *testing.T) {
	var job spark.Job
	names := func(o Options) (queries []string) {
		_, _ = Run(t.Context(), o) // it answers nothing
		for _, q := range job.Queries {
			queries = append(queries, q.Name)
		}
		return queries
	}
	o := options(told{job: &job})
	o.Columns.Sequence = ""
	assert.Equal(t, []string{"unique_key"}, names(o))
	assert.Empty(t, job.Snapshots)
	o = options(told{job: &job})
	o.Produced, o.Before, o.DeadLetters = []Sums{}, 7, true
	assert.Equal(t, []string{"unique_key", "window_sums", "sequence_gaps", "stored_stays", "unresolved_dead_letters"}, names(o))
	assert.Equal(t, []spark.Snapshot{{View: "audited_snapshot", Table: "market_data.trades_v2", ID: 7}}, job.Snapshots)
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	o := options(told{})
	o.Table, o.Columns.Key, o.Columns.Price, o.To, o.Slot = "trades; DROP TABLE x", "a b", "", o.From, "week"
	o.Produced = []Sums{{Symbol: "BHP", Price: "1e3", Quantity: "1", Turnover: "-2.5"}}
	_, err := Run(t.Context(), o)
	for _, want := range []string{"namespace.name", `the key "a b"`, `the price ""`, "must come after", `slot "week"`, `"1e3" is no decimal`} {
		require.ErrorContains(t, err, want)
	}
}

func TestLiteral(t *testing.T) {
	for text, want := range map[string]string{
		"":       "''",
		"BHP":    "'BHP'",
		"Zürich": "'Zürich'",
		"'":      "chr(39)",
		`a'b\c`:  `concat('a', chr(39), 'b', chr(92), 'c')`,
		"''":     "concat(chr(39), chr(39))",
	} {
		assert.Equal(t, want, literal(text))
	}
}

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
			Price: "price", Quantity: "quantity", Sequence: "platform_sequence", SequencePer: []string{"exchange"},
		},
	}
}

// answered is a result of one and a half seconds; "-" is null.
func answered(name string, columns []string, rows ...[]string) spark.Result {
	r := spark.Result{Name: name, Columns: columns, Seconds: 1.5}
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

// row is one about the whole window.
func row(check, expected, actual string, a events.Answer, evidence string) Row {
	return Row{
		Check: check, From: from(), To: from().Add(time.Hour), Expected: expected, Actual: actual, Answer: a, Evidence: evidence,
		Cost: 1500 * time.Millisecond,
	}
}

// without is a row without an answer.
func without(check, why string, cost time.Duration) Row {
	r := row(check, "", "", events.Unknown, why)
	r.Cost = cost
	return r
}

// TestWhatDidNotRunIsUnknown in each way in which it may not have run.
func TestWhatDidNotRunIsUnknown(t *testing.T) {
	lost := errors.New("the cluster is gone")
	o := options(told{err: lost, results: []spark.Result{
		{Name: "audited", Error: "no column trade_id"},
		{Name: "key_unique", Error: "no view audited"},
		answered("sequence_platform_sequence", []string{"sequences", "amount"}, []string{"0", "0"}),
	}})
	o.DeadLetters = true
	rows, err := Run(t.Context(), o)
	require.ErrorIs(t, err, lost)
	assert.Equal(t, []Row{
		without("key_unique", "view audited: no column trade_id; no view audited", 0),
		without("window_sums", "what was produced is not known: it is the log's side of the sums", 0),
		without("sequence_platform_sequence", "there is nothing that it could look at", 1500*time.Millisecond),
		without("unresolved_dead_letters", "the engine ended before it came to this check", 0),
	}, rows)
}

func TestARowThatCannotBeReadIsNoAnswer(t *testing.T) {
	rows, err := Run(t.Context(), options(told{results: []spark.Result{
		answered("key_unique", []string{"records", "keyless"}, []string{"many", "0"}),
	}}))
	require.ErrorContains(t, err, "what check key_unique found: column records")
	assert.Equal(t, events.Unknown, rows[0].Answer)
	assert.Contains(t, rows[0].Evidence, "column records")
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
	assert.Equal(t, []string{"key_unique"}, names(o))
	assert.Empty(t, job.Snapshots)
	o = options(told{job: &job})
	o.Produced, o.Before, o.DeadLetters = []Sums{}, 7, true
	assert.Equal(t, []string{"key_unique", "window_sums", "sequence_platform_sequence", "stored_stays", "unresolved_dead_letters"}, names(o))
	assert.Equal(t, []spark.Snapshot{{View: "audited_snapshot", Table: "market_data.trades_v2", ID: 7}}, job.Snapshots)
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	o := options(told{})
	o.Table, o.Columns.Key, o.Columns.Price, o.To, o.Slot = "trades; DROP TABLE x", "a b", "", o.From, "week"
	o.Columns.SequencePer = []string{"x'"}
	o.Produced = []Sums{{Symbol: "BHP", Price: "1e3", Quantity: "1", Turnover: "-2.5"}}
	_, err := Run(t.Context(), o)
	for _, want := range []string{"namespace.name", `the key "a b"`, `the price ""`, `sequence's own "x'"`, "must come after", `slot "week"`, `"1e3" is no decimal`} {
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

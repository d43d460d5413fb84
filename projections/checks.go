package projections

import (
	"strconv"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/checks"
)

// CheckRow is one integrity check of one experiment, in one window.
type CheckRow struct {
	Source
	Experiment string
	Version    uint64
	At         time.Time
	WindowFrom time.Time // begin of the baseline where the check names none, zero where it is not known
	WindowTo   time.Time // when the books were closed where the check names none
	Found      checks.Result
}

// Numbers are what was expected and what is, where both are whole numbers of 64
// bits. Else 1 is expected, and it is 1 where the check holds, or 0: the values
// as they are stand in columns of their own.
func (r CheckRow) Numbers() (expected, actual int64) {
	expected, wrong := strconv.ParseInt(r.Found.Expected, 10, 64)
	actual, also := strconv.ParseInt(r.Found.Actual, 10, 64)
	switch {
	case wrong == nil && also == nil:
		return expected, actual
	case r.Found.Answer == events.Holds:
		return 1, 1
	}
	return 1, 0
}

// IntegrityChecks makes a row for each check of each BooksClosed of the batch.
func IntegrityChecks(b Batch) []CheckRow {
	var rows []CheckRow
	tolerated, _ := given(b.State.Document.Hypothesis.Tolerates)
	for _, event := range b.Batch.Events {
		e, ok := event.(events.BooksClosed)
		if !ok {
			continue
		}
		for _, found := range checks.Books(e, tolerated) {
			row := CheckRow{
				Source: b.source(), Experiment: string(b.Batch.Experiment), Version: b.Batch.Version,
				At: b.Batch.At, WindowFrom: found.From, WindowTo: found.To, Found: found,
			}
			if found.From.IsZero() && found.To.IsZero() {
				row.WindowFrom = b.State.Began
			}
			if found.To.IsZero() {
				row.WindowTo = b.Batch.At
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func checkTable() lake.Definition[CheckRow] {
	return define("integrity_checks", append([]lake.Column[CheckRow]{
		lake.Text("experiment", func(r CheckRow) string { return r.Experiment }),
		lake.Count("version", func(r CheckRow) uint64 { return r.Version }),
		lake.Text("check", func(r CheckRow) string { return r.Found.Check }),
		lake.Instant(at, func(r CheckRow) time.Time { return r.At }),
		lake.OptionalInstant("window_from", func(r CheckRow) (time.Time, bool) { return instant(r.WindowFrom) }),
		lake.Instant("window_to", func(r CheckRow) time.Time { return r.WindowTo }),
		lake.Int("expected", func(r CheckRow) int64 { n, _ := r.Numbers(); return n }),
		lake.Int("actual", func(r CheckRow) int64 { _, n := r.Numbers(); return n }),
		lake.Text("verdict", func(r CheckRow) string { return r.Found.Answer.String() }),
		lake.Text("evidence", func(r CheckRow) string { return r.Found.Evidence }),
	}, laterCheckColumns()...), "check")
}

// laterCheckColumns came after the others: columns are added at the end only.
func laterCheckColumns() []lake.Column[CheckRow] {
	return []lake.Column[CheckRow]{
		lake.OptionalText("expected_value", func(r CheckRow) (string, bool) { return some(r.Found.Expected) }),
		lake.OptionalText("actual_value", func(r CheckRow) (string, bool) { return some(r.Found.Actual) }),
		lake.OptionalDouble("cost_seconds", func(r CheckRow) (float64, bool) { return some(r.Found.Cost.Duration.Of().Seconds()) }),
		lake.OptionalInt("cost_rows", func(r CheckRow) (int64, bool) { return some(r.Found.Cost.Rows) }),
		lake.OptionalInt("cost_bytes", func(r CheckRow) (int64, bool) { return some(r.Found.Cost.Bytes) }),
	}
}

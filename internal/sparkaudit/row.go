package sparkaudit

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/spark"
)

// Row is what one check says of one subject. Its zero value is an unknown
// answer.
type Row struct {
	Check    string
	Subject  string    // all, an exchange, or an exchange and a symbol
	From, To time.Time // what was looked at
	Expected string
	Actual   string
	Answer   events.Answer
	Evidence string        // which records show it, or why there is no answer
	Cost     time.Duration // of the whole check, in its first row; zero in the others
}

// rows are those of one result.
func rows(r spark.Result) ([]Row, error) {
	var out []Row
	for i, values := range r.Rows {
		cells := map[string]string{}
		for j, column := range r.Columns {
			if j < len(values) && values[j] != nil {
				cells[column] = *values[j]
			}
		}
		row := Row{
			Check: r.Name, Subject: cells["subject"], Expected: cells["expected"], Actual: cells["actual"], Evidence: cells["evidence"],
		}
		var problems [3]error
		problems[0] = row.Answer.UnmarshalText([]byte(cells["answer"]))
		row.From, problems[1] = time.Parse(time.RFC3339Nano, cells["window_from"])
		row.To, problems[2] = time.Parse(time.RFC3339Nano, cells["window_to"])
		for _, err := range problems {
			if err != nil {
				return nil, fmt.Errorf("reading row %d of check %s: %w", i+1, r.Name, err)
			}
		}
		out = append(out, row)
	}
	slices.SortStableFunc(out, compare) // engines promise no order
	if len(out) > 0 {
		out[0].Cost = time.Duration(r.Seconds * float64(time.Second))
	}
	return out, nil
}

// all is the subject of a row about the whole window.
const all = "all"

// compare puts first what is about all.
func compare(a, b Row) int {
	switch {
	case a.Subject == b.Subject:
		return a.From.Compare(b.From)
	case a.Subject == all:
		return -1
	case b.Subject == all:
		return 1
	}
	return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Subject, b.Subject))
}

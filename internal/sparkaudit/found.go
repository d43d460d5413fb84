package sparkaudit

import (
	"fmt"
	"strconv"
	"time"

	"github.com/k2-platform/faultline/internal/spark"
)

// found is one row of a query's result, by column. It keeps the first error of
// what is read from it.
type found struct {
	cells map[string]*string
	err   error
}

func foundIn(r spark.Result) []found {
	out := make([]found, len(r.Rows))
	for i, values := range r.Rows {
		out[i].cells = map[string]*string{}
		for j, column := range r.Columns {
			if j < len(values) {
				out[i].cells[column] = values[j]
			}
		}
	}
	return out
}

func (f *found) null(column string) bool { return f.cells[column] == nil }

// text is "" for null.
func (f *found) text(column string) string {
	if f.null(column) {
		return ""
	}
	return *f.cells[column]
}

// number is a whole one, and must be there.
func (f *found) number(column string) int64 {
	n, err := strconv.ParseInt(f.text(column), 10, 64)
	f.keep(column, err)
	return n
}

// instant is the zero time for null.
func (f *found) instant(column string) time.Time {
	if f.null(column) {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, f.text(column))
	f.keep(column, err)
	return at.UTC()
}

func (f *found) keep(column string, err error) {
	if err != nil && f.err == nil {
		f.err = fmt.Errorf("column %s: %w", column, err)
	}
}

package sparkaudit

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Options say what to audit. Table, Columns, From and To must be given.
type Options struct {
	// Engine runs the SQL: a spark.Submit.
	Engine Engine
	// Table is namespace.name.
	Table   string
	Columns Columns
	// From and To bound the records by their Time, To excluded.
	From, To time.Time
	// Slot is how long the windows of the sums are: minute, hour or day, minute
	// where it is empty.
	Slot string
	// Before is a snapshot of the table that has some of the window already: its
	// records must be there still. 0 leaves that check out.
	Before int64
	// Produced are the sums of the log, one for each exchange, symbol and slot.
	// Empty means that nothing was produced; nil that it is not known, which
	// leaves the sums unknown.
	Produced []Sums
	// PriceScale and QuantityScale are how many digits the columns have after the
	// point, of which eight are compared: sums are told with as many. 0 is eight.
	PriceScale, QuantityScale int
	// Sequences are those of the log. What the log lacks the table may lack, and
	// what it has the table must have. nil: they are not known, and the table's own
	// numbers may have no gap.
	Sequences []Sequence
	// DeadLetters has chaos.dlq_audit looked through, too, for letters of books
	// whose counts chaos.record_ledger has.
	DeadLetters bool
}

// Columns name the table's columns. Sequence may be empty: there is none.
// SequencePer are the columns that each have a sequence of their own.
type Columns struct {
	Key, Exchange, Symbol, Time, Price, Quantity, Sequence string
	SequencePer                                            []string
}

// Sequence is what the log has of one sequence: numbers from First to Last, but
// for those Missing, each from one to another. Of is the values of SequencePer
// with ", " between.
type Sequence struct {
	Of          string
	First, Last int64
	Missing     [][2]int64
	Repeats     int64 // numbers that are there more than once
}

// Sums are what one exchange and symbol produced in one slot. Price, Quantity
// and Turnover, the sum of price times quantity, are decimal numbers, exact.
type Sums struct {
	Exchange, Symbol          string
	From                      time.Time // begin of the slot
	Records                   int64
	Price, Quantity, Turnover string
	First, Last               time.Time // of the records' time
}

// validate reports every problem of o, joined. What it lets pass can stand in
// SQL: names and numbers are only that.
func (o Options) validate() error {
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	name := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	if !regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*$`).MatchString(o.Table) {
		report("table %q: write namespace.name", o.Table)
	}
	columns := []struct{ what, name string }{
		{"key", o.Columns.Key},
		{"exchange", o.Columns.Exchange},
		{"symbol", o.Columns.Symbol},
		{"time", o.Columns.Time},
		{"price", o.Columns.Price},
		{"quantity", o.Columns.Quantity},
		{"sequence", o.Columns.Sequence},
	}
	for _, per := range o.Columns.SequencePer {
		columns = append(columns, struct{ what, name string }{"sequence's own", per})
	}
	for _, c := range columns {
		if !name.MatchString(c.name) && (c.what != "sequence" || c.name != "") {
			report("column of the %s %q: write the name of a column of %s", c.what, c.name, o.Table)
		}
	}
	if !o.From.Before(o.To) {
		report("window from %s to %s: its end must come after its begin", o.From.Format(time.RFC3339), o.To.Format(time.RFC3339))
	}
	if o.Slot != "" && o.Slot != "minute" && o.Slot != "hour" && o.Slot != "day" {
		report("slot %q: write minute, hour or day", o.Slot)
	}
	number := regexp.MustCompile(`^-?\d+(\.\d+)?$`)
	for _, p := range o.Produced {
		for _, n := range []string{p.Price, p.Quantity, p.Turnover} {
			if !number.MatchString(n) {
				report("sums of %s %s: %q is no decimal number", p.Exchange, p.Symbol, n)
			}
		}
	}
	return errors.Join(problems...)
}

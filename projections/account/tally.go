package account

import (
	"errors"
	"fmt"
)

// Tally is how many records are in each class. The zero value is of no record.
type Tally [classes]int64

// Add counts n records of a class.
func (t *Tally) Add(c Class, n int64) { t[c] += n }

// Merge counts the records of another tally, too.
func (t *Tally) Merge(o Tally) {
	for c, n := range o {
		t[c] += n
	}
}

// Of is the count of one class.
func (t Tally) Of(c Class) int64 { return t[c] }

// Produced is how many of the records were produced: all but the phantoms.
func (t Tally) Produced() int64 {
	var n int64
	for _, c := range Classes() {
		if c != Phantom {
			n += t[c]
		}
	}
	return n
}

// Wrong is how many records are in a class that none may be in.
func (t Tally) Wrong() int64 {
	var n int64
	for _, c := range Classes() {
		if c.Wrong() {
			n += t[c]
		}
	}
	return n
}

// Counts are the classes that have records, by name.
func (t Tally) Counts() map[Class]int64 {
	out := map[Class]int64{}
	for c, n := range t {
		if n != 0 {
			out[Class(c)] = n
		}
	}
	return out
}

// Sides are what was counted where it stands, before any record was put into a
// class.
type Sides struct {
	Produced int64 // records of the log and of receipts, each once
	Rows     int64 // of the table
	Letters  int64 // dead letters of records of the window
}

// ErrUnbalanced is of books whose sums do not come out even: something was
// counted wrongly or changed while it was read, and no count can be trusted.
var ErrUnbalanced = errors.New("the books do not balance")

// Balance holds what was put into classes against what was counted where it
// stands: every record that was produced is in one class, none is in flight, and
// each row and dead letter belongs to a record in a class. Rows and letters are
// those of the records in the classes.
func (t Tally) Balance(counted Sides, rows, letters int64) error {
	var problems []error
	if n := t.Produced(); n != counted.Produced {
		problems = append(problems, fmt.Errorf("%d records were produced, and %d are in a class", counted.Produced, n))
	}
	if n := t[InFlight]; n != 0 {
		problems = append(problems, fmt.Errorf("%d records are still in flight", n))
	}
	if rows != counted.Rows {
		problems = append(problems, fmt.Errorf("the table has %d rows, and records with %d rows are in a class", counted.Rows, rows))
	}
	if letters != counted.Letters {
		problems = append(problems, fmt.Errorf("there are %d dead letters, and records with %d are in a class", counted.Letters, letters))
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrUnbalanced, errors.Join(problems...))
}

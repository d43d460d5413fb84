package bookkeeping

import (
	"slices"

	"github.com/k2-platform/faultline/events"
)

// account holds the fate of each record of the window. Its size is that of
// the window, not of the table.
type account struct {
	all     []receipt
	rows    map[string]int   // by key: how often it stands in the table
	sent    map[string]int   // by key: where in all its receipt is
	places  map[Place]string // key of the record at a place of the source topic
	letters map[string]bool  // by key
	altered map[string]bool  // by key: a row of it is not as it was sent
}

func newAccount(taken []receipt) *account {
	a := &account{
		all: taken, rows: make(map[string]int, len(taken)), sent: make(map[string]int, len(taken)),
		places: make(map[Place]string, len(taken)), letters: map[string]bool{}, altered: map[string]bool{},
	}
	for i, r := range taken {
		a.rows[r.Key], a.sent[r.Key] = 0, i
		if r.State == StateAcked {
			a.places[Place{r.Partition, r.Offset}] = r.Key
		}
	}
	return a
}

// stored counts a row, and compares it with what was sent; those of other
// windows are passed over.
func (a *account) stored(key string, values []string) {
	n, ok := a.rows[key]
	if !ok {
		return
	}
	a.rows[key] = n + 1
	if !slices.Equal(values, a.all[a.sent[key]].sent) {
		a.altered[key] = true
	}
}

func (a *account) buried(at Place) {
	if key, ok := a.places[at]; ok {
		a.letters[key] = true
	}
}

// close counts. A record that is both stored and a dead letter counts as
// stored, so that taken = stored + dead-lettered + shed + lost. touched is
// what faults did to records of the source topic.
func (a *account) close(out *events.BooksClosed, touched map[Place]Touch) {
	out.Taken, out.Altered = int64(len(a.all)), int64(len(a.altered))
	for _, r := range a.all {
		a.truth(out, r, touched)
		switch n := a.rows[r.Key]; {
		case n > 0:
			out.Stored++
			if n > 1 {
				out.StoredTwice++
			}
			continue
		case a.letters[r.Key]:
			out.DeadLettered++
			continue
		case r.State == StateShed:
			out.Shed++
			continue
		}
		out.Lost++
		switch r.State {
		case StateAcked:
			out.LostAcked++
		case StateDropped:
			out.Dropped++
		}
		if len(out.Examples) < examples {
			out.Examples = append(out.Examples, r.Key)
		}
	}
	if out.Taken > 0 {
		out.LossFraction = float64(out.Lost) / float64(out.Taken)
	}
}

// truth holds the dead letters against what faults did.
func (a *account) truth(out *events.BooksClosed, r receipt, touched map[Place]Touch) {
	if r.State != StateAcked {
		return
	}
	did, ok := touched[Place{r.Partition, r.Offset}]
	changed := did != Passed
	letter := a.letters[r.Key]
	switch {
	case changed && letter:
		out.Changed++
		out.Detected++
	case changed:
		out.Changed++
	case letter && !ok:
		out.FalseRejects++
	}
}

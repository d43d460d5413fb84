package bookkeeping

import "github.com/k2-platform/faultline/events"

// account holds the fate of each record of the window. Its size is that of
// the window, not of the table.
type account struct {
	all     []receipt
	rows    map[string]int   // by key: how often it stands in the table
	places  map[Place]string // key of the record at a place of the source topic
	letters map[string]bool  // by key
}

func newAccount(taken []receipt) *account {
	a := &account{all: taken, rows: make(map[string]int, len(taken)), places: make(map[Place]string, len(taken)), letters: map[string]bool{}}
	for _, r := range taken {
		a.rows[r.Key] = 0
		if r.State == acked {
			a.places[Place{r.Partition, r.Offset}] = r.Key
		}
	}
	return a
}

// stored counts a row; those of other windows are passed over.
func (a *account) stored(key string) {
	if n, ok := a.rows[key]; ok {
		a.rows[key] = n + 1
	}
}

func (a *account) buried(at Place) {
	if key, ok := a.places[at]; ok {
		a.letters[key] = true
	}
}

// close counts. A record that is both stored and a dead letter counts as
// stored, so that taken = stored + dead-lettered + lost.
func (a *account) close(out *events.BooksClosed) {
	out.Taken = int64(len(a.all))
	for _, r := range a.all {
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
		}
		out.Lost++
		switch r.State {
		case acked:
			out.LostAcked++
		case dropped:
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

package truth

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// books are what the lines of the journal add up to.
type books struct {
	open   map[string]account
	closed map[string]uint64 // by receipt, what it had
	// unsettled are produced batches whose offsets are not known yet, and when
	// that began; the zero time for those of an earlier life.
	unsettled map[batchKey]time.Time
}

func newBooks() *books {
	return &books{open: map[string]account{}, closed: map[string]uint64{}, unsettled: map[batchKey]time.Time{}}
}

// add takes a line that is on disk.
func (b *books) add(l line, now time.Time) {
	switch {
	case l.Head != nil:
		for _, a := range l.Head.Receipts {
			b.open[a.ID] = a
		}
	case l.Begun != nil:
		b.begin(*l.Begun)
	case l.Entry != nil:
		b.entry(*l.Entry, now)
	case l.Settled != nil:
		delete(b.unsettled, l.Settled.batchKey)
	case l.Closed != nil:
		b.closed[l.Closed.ID] = l.Closed.Written
		delete(b.open, l.Closed.ID)
	}
}

func (b *books) begin(r Receipt) {
	if _, ok := b.open[r.ID]; !ok {
		b.open[r.ID] = account{Receipt: r}
	}
}

func (b *books) entry(e Entry, now time.Time) {
	b.begin(e.receipt())
	a := b.open[e.Receipt]
	if n := len(a.Runs); n == 0 || a.Runs[n-1].Run != e.Run {
		a.Runs = append(a.Runs, RunPart{Run: e.Run})
	}
	part := &a.Runs[len(a.Runs)-1]
	part.Written, part.Last = part.Written+1, e.Seq
	b.open[e.Receipt] = a
	if key := e.batch(); e.waits() {
		if _, ok := b.unsettled[key]; !ok {
			b.unsettled[key] = now
		}
	}
}

// written counts the entries of a receipt.
func (b *books) written(receipt string) uint64 {
	if n, ok := b.closed[receipt]; ok {
		return n
	}
	return b.open[receipt].written()
}

// late are the batches that wait since before a moment.
func (b *books) late(since time.Time) []batchKey {
	var out []batchKey
	for key, began := range b.unsettled {
		if began.Before(since) {
			out = append(out, key)
		}
	}
	return slices.SortedFunc(slices.Values(out), func(x, y batchKey) int {
		return cmp.Or(cmp.Compare(x.Run, y.Run), cmp.Compare(x.Batch, y.Batch))
	})
}

// accounts are the open ones, in the order of their receipts.
func (b *books) accounts() []account {
	out := make([]account, 0, len(b.open))
	for _, id := range slices.Sorted(maps.Keys(b.open)) {
		a := b.open[id]
		a.Runs = slices.Clone(a.Runs)
		out = append(out, a)
	}
	return out
}

func (e Entry) receipt() Receipt {
	return Receipt{ID: e.Receipt, Experiment: e.Experiment, Step: e.Step, Fault: e.Fault}
}

func (e Entry) batch() batchKey { return batchKey{e.Run, e.Batch} }

// waits says that the entry's offset is still to be told by its batch.
func (e Entry) waits() bool { return e.Batch != 0 && e.Offset < 0 }

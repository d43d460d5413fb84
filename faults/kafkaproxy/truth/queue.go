package truth

import "slices"

// item is an entry or a closing statement on its way to the log.
type item struct {
	entry *Entry
	shut  *Closed
	after place
	ready bool // its offset is known, or never will be
}

// queue are the items that were read and not published yet, in their order.
type queue struct {
	items  []*item
	waits  map[batchKey][]*item
	read   place // where reading goes on
	before place // all before it was published
}

func newQueue(from place) *queue {
	return &queue{waits: map[batchKey][]*item{}, read: from, before: from}
}

func (q *queue) add(lines []placed) {
	for _, p := range lines {
		q.read = p.after
		switch {
		case p.Entry != nil:
			it := &item{entry: p.Entry, after: p.after, ready: !p.Entry.waits()}
			if !it.ready {
				q.waits[p.Entry.batch()] = append(q.waits[p.Entry.batch()], it)
			}
			q.items = append(q.items, it)
		case p.Closed != nil:
			q.items = append(q.items, &item{shut: p.Closed, after: p.after, ready: true})
		case p.Settled != nil:
			for _, it := range q.waits[p.Settled.batchKey] {
				it.ready = true
				if p.Settled.Base >= 0 {
					it.entry.Offset = p.Settled.Base + int64(it.entry.Index)
				}
			}
			delete(q.waits, p.Settled.batchKey)
		}
	}
}

// ready is how many items at the front can be published, up to a limit.
func (q *queue) ready(limit int) int {
	n := 0
	for n < len(q.items) && n < limit && q.items[n].ready {
		n++
	}
	return n
}

// done lets the first n items go.
func (q *queue) done(n int) {
	q.before = q.items[n-1].after
	q.items = slices.Delete(q.items, 0, n)
}

// place is where all before it is published.
func (q *queue) place() place {
	if len(q.items) == 0 {
		return q.read
	}
	return q.before
}

// facts are records for items: entries of one experiment and run go together,
// and a closing statement comes behind them.
func facts(items []*item) []Fact {
	var out []Fact
	last := map[string]*Entries{} // by experiment
	for _, it := range items {
		if it.shut != nil {
			delete(last, it.shut.Experiment)
			out = append(out, Fact{Closed: it.shut})
			continue
		}
		into := last[it.entry.Experiment]
		if into == nil || into.Run != it.entry.Run {
			into = &Entries{Experiment: it.entry.Experiment, Run: it.entry.Run}
			last[it.entry.Experiment] = into
			out = append(out, Fact{Entries: into})
		}
		into.Entries = append(into.Entries, *it.entry)
	}
	return out
}

package notify

import (
	"slices"
	"sync"
	"time"
)

// room is how many messages wait for one URL.
const room = 100

// queue holds the messages that one URL has not taken yet. A stuck fault goes
// first and is never dropped; of the others the oldest gives way.
type queue struct {
	mu     sync.Mutex
	items  []*item
	wake   chan struct{} // something came
	urgent chan struct{} // a stuck fault came
}

type item struct {
	Message
	since time.Time
	tries int
	late  bool // stuck, and retried for longer than others are: no longer first
}

func newQueue() *queue {
	return &queue{wake: make(chan struct{}, 1), urgent: make(chan struct{}, 1)}
}

// push adds a message and says whether one was dropped for it, or it itself.
func (q *queue) push(m Message) (dropped bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) >= room {
		i := slices.IndexFunc(q.items, func(it *item) bool { return it.Kind != Stuck })
		switch {
		case i >= 0:
			q.items, dropped = slices.Delete(q.items, i, i+1), true
		case m.Kind != Stuck:
			return true
		}
	}
	q.items = append(q.items, &item{Message: m, since: time.Now()})
	signal(q.wake)
	if m.Kind == Stuck {
		signal(q.urgent)
	}
	return dropped
}

// head is the message to try next, or nil. It stays in the queue.
func (q *queue) head() *item {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.IndexFunc(q.items, func(it *item) bool { return it.Kind == Stuck && !it.late }); i >= 0 {
		return q.items[i]
	}
	if len(q.items) > 0 {
		return q.items[0]
	}
	return nil
}

// all is what waits, in the order in which it would be tried.
func (q *queue) all() []*item {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := slices.Clone(q.items)
	slices.SortStableFunc(out, func(a, b *item) int {
		if (a.Kind == Stuck) == (b.Kind == Stuck) {
			return 0
		}
		if a.Kind == Stuck {
			return -1
		}
		return 1
	})
	return out
}

// remove takes a message out; it may have been dropped meanwhile.
func (q *queue) remove(it *item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items = slices.DeleteFunc(q.items, func(x *item) bool { return x == it })
}

// postpone lets the others go first: a service may refuse this one message
// and take the rest.
func (q *queue) postpone(it *item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	it.late = true
	if i := slices.Index(q.items, it); i >= 0 {
		q.items = append(slices.Delete(q.items, i, i+1), it)
	}
}

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

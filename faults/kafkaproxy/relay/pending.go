package relay

import (
	"sync"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
)

// maxPending is how many requests of a connection may wait for their
// responses. The next one is not read before one of them was answered.
const maxPending = 4096

// kind says what answers an exchange.
type kind int

const (
	fromBroker kind = iota
	local           // the proxy itself
	token           // of the broker: bytes of SASL without a header
)

// pending is a request that was not answered yet.
type pending struct {
	kind   kind
	header frame.Header
	need   Need
	x      *Exchange // nil where no body was asked for
	answer []byte    // of local without x: the whole frame
}

// queue holds the pending exchanges in their order, which is that of Kafka's
// responses. The first one stays until its response was written. Whoever makes
// a local one the first writes it.
type queue struct {
	mu    sync.Mutex
	room  sync.Cond
	all   []pending // a ring
	first int
	count int
	ended bool
	last  frame.Header // of the request that came last
	began bool         // there was one
}

func newQueue() *queue {
	q := &queue{all: make([]pending, 4)}
	q.room.L = &q.mu
	return q
}

// push adds p, and says whether it is the first. It waits while there are too
// many; ok is false where the queue was closed.
func (q *queue) push(p pending) (first, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.count >= maxPending && !q.ended {
		q.room.Wait()
	}
	if q.ended {
		return false, false
	}
	if q.count == len(q.all) {
		larger := make([]pending, 2*len(q.all))
		n := copy(larger, q.all[q.first:])
		copy(larger[n:], q.all[:q.first])
		q.all, q.first = larger, 0
	}
	q.all[(q.first+q.count)%len(q.all)] = p
	q.count++
	if p.kind != token {
		q.last, q.began = p.header, true
	}
	return q.count == 1, true
}

func (q *queue) head() (pending, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.count == 0 {
		return pending{}, false
	}
	return q.all[q.first], true
}

// pop removes the first, and gives the one that is the first now.
func (q *queue) pop() (pending, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drop()
	if q.count == 0 {
		return pending{}, false
	}
	return q.all[q.first], true
}

func (q *queue) drop() {
	q.all[q.first] = pending{}
	q.first = (q.first + 1) % len(q.all)
	q.count--
	q.room.Signal()
}

// authenticated removes tokens that the broker left without an answer: its
// last one may have none.
func (q *queue) authenticated() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.count > 0 && q.all[q.first].kind == token {
		q.drop()
	}
}

func (q *queue) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count == 0
}

// latest is the header of the request that came last, answered or not.
func (q *queue) latest() (frame.Header, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.last, q.began
}

// close ends waiting for room.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.room.Broadcast()
}

// left gives what was not answered, and forgets it.
func (q *queue) left() []pending {
	q.mu.Lock()
	defer q.mu.Unlock()
	var left []pending
	for ; q.count > 0; q.drop() {
		left = append(left, q.all[q.first])
	}
	return left
}

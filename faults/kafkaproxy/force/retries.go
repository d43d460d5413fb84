package force

import (
	"encoding/binary"
	"sync"
)

// retries remembers what became of idempotent batches: a client sends one
// again, with the same sequence number, until it is acknowledged, and the
// broker keeps the first that came. So the second one is made the same as the
// first, and is not accounted for twice. The zero value remembers none.
type retries struct {
	mu    sync.Mutex
	was   map[sequence]outcome
	order []sequence // oldest first
	bytes int
}

// Bounds of what is remembered: a producer has five batches on the way.
const (
	retriesKept  = 4096
	retriesBytes = 16 << 20
)

type sequence struct {
	topic     string
	partition int32
	producer  int64
	epoch     int16
	first     int32
}

type outcome struct {
	batch   uint64
	bytes   []byte // nil: as they came
	entries bool
	copies  []*copied
}

// sequenceOf reads the sequence number of the first batch of records; false
// where it has none. Source of the places:
// https://kafka.apache.org/documentation/#recordbatch
func sequenceOf(topic string, partition int32, raw []byte) (sequence, bool) {
	if len(raw) < 61 || raw[16] != 2 {
		return sequence{}, false
	}
	//nolint:gosec // the fields are signed on the wire
	s := sequence{
		topic: topic, partition: partition,
		producer: int64(binary.BigEndian.Uint64(raw[43:])),
		epoch:    int16(binary.BigEndian.Uint16(raw[51:])),
		first:    int32(binary.BigEndian.Uint32(raw[53:])),
	}
	return s, s.producer >= 0 && s.first >= 0
}

func (r *retries) before(s sequence) (outcome, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, ok := r.was[s]
	return o, ok
}

func (r *retries) keep(s sequence, o outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.was == nil {
		r.was = map[sequence]outcome{}
	}
	if was, ok := r.was[s]; ok {
		r.bytes -= len(was.bytes)
	} else {
		r.order = append(r.order, s)
	}
	r.was[s] = o
	r.bytes += len(o.bytes)
	for len(r.order) > retriesKept || (r.bytes > retriesBytes && len(r.order) > 1) {
		oldest := r.order[0]
		r.order = r.order[1:]
		r.bytes -= len(r.was[oldest].bytes)
		delete(r.was, oldest)
	}
}

// take gives the copies of an acknowledged batch, once: a batch that was sent
// twice is acknowledged twice.
func (r *retries) take(s *sent) []*copied {
	if !s.again {
		return s.copies
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	o, ok := r.was[s.key]
	if !ok {
		return s.copies // forgotten meanwhile
	}
	copies := o.copies
	o.copies = nil
	r.was[s.key] = o
	return copies
}

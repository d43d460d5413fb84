package projections

import (
	"maps"
	"sync"

	"github.com/k2-platform/faultline/internal/bus"
)

// progress is how far a Follower is: of each partition the next offset to be
// fed to the tables, and the one to be flushed to them.
type progress struct {
	mu      sync.Mutex
	next    offsets
	flushed offsets
	over    bool
	changed chan struct{} // closed when rows were flushed, or all is over
}

// offsets are next offsets by topic and partition.
type offsets map[string]map[int32]int64

func (o offsets) clone() offsets {
	out := offsets{}
	for topic, next := range o {
		out[topic] = maps.Clone(next)
	}
	return out
}

func newProgress() *progress {
	return &progress{next: offsets{}, flushed: offsets{}, changed: make(chan struct{})}
}

// begin says that the tables hold all of a topic below the offsets.
func (p *progress) begin(topic string, have map[int32]int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next[topic], p.flushed[topic] = maps.Clone(have), maps.Clone(have)
	p.signal()
}

// watch is closed at the next change. Take it before looking.
func (p *progress) watch() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed
}

// fed says that the tables were given all rows of the record.
func (p *progress) fed(rec bus.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next[rec.Topic] == nil {
		p.next[rec.Topic] = map[int32]int64{}
	}
	p.next[rec.Topic][rec.Partition] = rec.Offset + 1
}

// reached says that the tables were given all of a topic below the offsets.
func (p *progress) reached(topic string, ends map[int32]int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for partition, end := range ends {
		if p.next[topic][partition] < end {
			return false
		}
	}
	return true
}

// due is what to flush.
func (p *progress) due() offsets {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next.clone()
}

// landed says that the tables hold all below; nil where only some do.
func (p *progress) landed(all offsets) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if all != nil {
		p.flushed = all
	}
	p.signal()
}

// written is below what the tables hold all of a topic.
func (p *progress) written(topic string) map[int32]int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.flushed[topic])
}

func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	p.signal()
}

func (p *progress) signal() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *progress) has(record Source) (fed, flushed, over bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return record.Offset < p.next[record.Topic][record.Partition],
		record.Offset < p.flushed[record.Topic][record.Partition], p.over
}

package force

import (
	"context"

	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// hand is one rule at one batch.
type hand struct {
	*work
	active *active
	batch  *record.Batch
	at     int // which batch of the partition it is
	pairs  *pairing
	again  bool // the second time, for what pairs found

	marks  []*mark
	copies []*copied
	empty  bool
}

// passes says by the header of the batch, which has size bytes, that the rule
// does nothing to it: then it need not be cut into records.
func (h *hand) passes(size int) bool {
	b := h.batch
	if b.Control() {
		return true // of the broker, and of no fault
	}
	if h.again {
		_, met := h.pairs.in[h.at]
		return !met
	}
	if h.exempt() || b.Count <= 0 || int(b.Count) > size {
		return false // a header that says so little of so much is not believed
	}
	if h.produce {
		return h.active.gate.Pass(int(b.Count))
	}
	if b.Count != b.LastOffsetDelta+1 {
		return false // where its records stand follows from themselves
	}
	first, end := max(b.BaseOffset, h.from), b.BaseOffset+int64(b.Count)
	return h.active.gate.PassRecords(h.topic, h.partition, first, int(max(end-first, 0)))
}

// exempt says that no record of the batch is a candidate of the rule.
func (h *hand) exempt() bool {
	if h.active.Records == nil {
		return false
	}
	switch h.active.Records.Do {
	case rule.Drop, rule.Reorder, rule.Hold:
		return h.produce && (h.batch.Idempotent() || h.batch.Transactional())
	case rule.Duplicate:
		return h.batch.Transactional()
	case rule.SwapValues:
	}
	return false
}

// edit does to the batch what the rule asks, and says whether it changed.
func (h *hand) edit(ctx context.Context) bool {
	b := h.batch
	switch {
	case h.again:
		return h.swap()
	case h.active.Corrupt != nil:
		return h.corrupt(ctx)
	}
	switch do := h.active.Records.Do; {
	case h.exempt() && do == rule.Duplicate:
		h.active.tally.skipped(uint64(len(b.Records)), "in a transactional batch: the copy would be there even if the transaction ends without it")
		return false
	case h.exempt():
		h.active.tally.skipped(uint64(len(b.Records)), "in an idempotent or transactional batch, of which the broker misses none and takes no other order")
		return false
	case do == rule.Hold && !h.produce:
		return false // before: see hold.go
	}
	return h.records(h.hits())
}

// hits are the indices of the records that the fault meets.
func (h *hand) hits() []int {
	var hits []int
	for i := range h.batch.Records {
		if !h.produce && h.batch.Offset(i) < h.from {
			continue
		}
		if h.meets(i) {
			hits = append(hits, i)
		}
	}
	return hits
}

func (h *hand) meets(i int) bool {
	if h.produce {
		return h.active.gate.Hit()
	}
	return h.active.gate.HitRecord(h.topic, h.partition, h.batch.Offset(i))
}

func (h *hand) records(hits []int) bool {
	if len(hits) == 0 {
		return false
	}
	switch h.active.Records.Do {
	case rule.Drop:
		return h.drop(hits)
	case rule.Hold:
		for _, i := range hits {
			h.mark(i, record.Hash(&h.batch.Records[i]))
		}
		return false
	case rule.Reorder:
		return h.reorder(hits)
	case rule.Duplicate:
		h.copy(hits)
		return false
	case rule.SwapValues:
		h.pairs.add(h.at, h.batch, hits)
		return false
	}
	return false
}

// mark accounts for record i as it is now, and was before.
func (h *hand) mark(i int, before string) *mark {
	m := h.entry(h.active, what(h.active))
	m.Index, m.Batch = i, h.work.batch
	if !h.produce {
		m.Index, m.Offset = 0, h.batch.Offset(i)
	}
	m.Before, m.After = before, record.Hash(&h.batch.Records[i])
	h.marks = append(h.marks, m)
	return m
}

func (h *hand) drop(hits []int) bool {
	for _, i := range hits {
		m := h.mark(i, record.Hash(&h.batch.Records[i]))
		m.After, m.Batch = "", 0 // it is nowhere in the log
	}
	if h.produce {
		h.renumber(hits)
		h.empty = len(hits) == len(h.batch.Records)
	}
	if !h.empty {
		h.batch.Drop(hits, h.produce)
	}
	return true
}

// renumber has what earlier rules did to the batch found where it will be.
func (h *hand) renumber(gone []int) {
	move := func(m *mark) {
		before := 0
		for _, i := range gone {
			switch {
			case m.Batch == 0:
				return
			case i == m.Index:
				m.Batch = 0
				return
			case i < m.Index:
				before++
			}
		}
		m.Index -= before
	}
	for _, m := range h.work.marks {
		move(m)
	}
	for _, c := range h.work.copies {
		move(c.mark)
	}
}

func (h *hand) reorder(hits []int) bool {
	changed := false
	for ; len(hits) >= 2; hits = hits[2:] {
		i, j := hits[0], hits[1]
		before, other := record.Hash(&h.batch.Records[i]), record.Hash(&h.batch.Records[j])
		if !h.batch.Reorder(i, j) {
			h.active.tally.skipped(2, "two records that change places are the same")
			continue
		}
		for _, m := range h.work.marks {
			m.follow(i, j)
		}
		for _, c := range h.work.copies {
			c.follow(i, j)
		}
		h.mark(i, before)
		h.mark(j, other)
		changed = true
	}
	h.active.tally.skipped(uint64(len(hits)), "no second record of the batch to change places with")
	return changed
}

// follow goes with a record that changes places.
func (m *mark) follow(i, j int) {
	switch {
	case m.Batch == 0:
	case m.Index == i:
		m.Index = j
	case m.Index == j:
		m.Index = i
	}
}

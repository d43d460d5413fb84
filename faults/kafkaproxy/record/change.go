package record

import (
	"slices"
	"time"
)

// Drop takes records away, by their indices.
//
// On fetch what stays keeps its offsets, and LastOffsetDelta too: a gap as
// compaction leaves it. With nothing left the batch is empty, as compaction
// keeps one, and clients move on behind it. On produce what stays is numbered
// anew without a gap, which brokers demand; a batch with nothing left must not
// be sent: they refuse it (INVALID_RECORD).
func (b *Batch) Drop(indices []int, produce bool) {
	if len(indices) == 0 {
		return
	}
	gone, at := make([]bool, len(b.Records)), -1
	for _, i := range indices {
		gone[i] = true
	}
	b.Records = slices.DeleteFunc(b.Records, func(Record) bool { at++; return gone[at] })
	if len(b.Records) == 0 && !produce {
		b.FirstTimestamp = noTimestamp
		b.Attributes &^= deleteHorizonBit
		return // MaxTimestamp stays, as in a batch that compaction emptied
	}
	if produce {
		b.number()
		b.rebase()
	}
	b.latest()
}

// SwapValues lets two records change values. It says whether that changed
// anything: two equal values do not.
func (b *Batch) SwapValues(i, j int) bool {
	one, other := &b.Records[i], &b.Records[j]
	if same(one.Value, other.Value) {
		return false
	}
	one.Value, other.Value = other.Value, one.Value
	return true
}

// Reorder lets two records change places with all that they are; offsets
// stay in the order of places. It says whether that changed anything.
func (b *Batch) Reorder(i, j int) bool {
	if i == j {
		return false
	}
	before := Hash(&b.Records[i])
	if before == Hash(&b.Records[j]) && b.Records[i].TimestampDelta == b.Records[j].TimestampDelta {
		return false
	}
	b.Records[i], b.Records[j] = b.Records[j], b.Records[i]
	b.Records[i].OffsetDelta, b.Records[j].OffsetDelta = b.Records[j].OffsetDelta, b.Records[i].OffsetDelta
	b.rebase()
	return true
}

// ShiftTimestamp moves the time of one record; less than a millisecond is
// cut. It says whether that changed anything: where the broker set the time
// (LogAppendTime) a record has none of its own.
func (b *Batch) ShiftTimestamp(i int, by time.Duration) bool {
	ms := by.Milliseconds()
	if ms == 0 || b.LogAppendTime() {
		return false
	}
	b.Records[i].TimestampDelta += ms
	b.rebase()
	b.latest()
	return true
}

// number gives offsets without a gap.
func (b *Batch) number() {
	for i := range b.Records {
		b.Records[i].OffsetDelta = int32(i)
	}
	b.LastOffsetDelta = int32(len(b.Records) - 1) //nolint:gosec // as above
}

// rebase counts times from the first record, as producers do. Where the base
// is a delete horizon (KIP-534) it is no time of a record, and stays.
func (b *Batch) rebase() {
	if len(b.Records) == 0 || b.Attributes&deleteHorizonBit != 0 {
		return
	}
	first := b.Records[0].TimestampDelta
	b.FirstTimestamp += first
	for i := range b.Records {
		b.Records[i].TimestampDelta -= first
	}
}

// latest keeps MaxTimestamp right.
func (b *Batch) latest() {
	if b.LogAppendTime() || len(b.Records) == 0 {
		return
	}
	last := b.Records[0].TimestampDelta
	for _, r := range b.Records {
		last = max(last, r.TimestampDelta)
	}
	b.MaxTimestamp = b.FirstTimestamp + last
}

// same tells null from empty.
func same(a, b []byte) bool { return (a == nil) == (b == nil) && slices.Equal(a, b) }

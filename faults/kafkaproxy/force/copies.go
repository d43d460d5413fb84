package force

import (
	"context"
	"fmt"
	"slices"

	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
)

const compression = 0x07 // the bits of a batch's attributes that say how it is compressed

// copied is a record that is appended once more when the broker has the first.
type copied struct {
	*mark
	bytes []byte // a batch with it alone
}

// copy keeps records of the batch as they are now. The copy is of no producer:
// the sequence numbers are those of the client.
func (h *hand) copy(hits []int) {
	for _, i := range hits {
		one := *h.batch
		one.Records = []record.Record{h.batch.Records[i]}
		one.Records[0].OffsetDelta = 0
		one.FirstTimestamp += one.Records[0].TimestampDelta
		one.Records[0].TimestampDelta = 0
		one.MaxTimestamp, one.LastOffsetDelta = one.FirstTimestamp, 0
		one.Attributes &= compression
		one.BaseOffset, one.LeaderEpoch, one.ProducerID, one.ProducerEpoch, one.BaseSequence = 0, -1, -1, -1, -1
		bytes, err := one.Append(nil)
		if err != nil {
			h.active.tally.unread(1, cause(err))
			continue
		}
		m := h.mark(i, record.Hash(&h.batch.Records[i]))
		h.marks = slices.DeleteFunc(h.marks, func(o *mark) bool { return o == m }) // written when the broker has it
		h.copies = append(h.copies, &copied{mark: m, bytes: bytes})
	}
}

// duplicate appends copies of what the broker has at base and after, one by
// one. A copy whose append failed may be there all the same: an entry more
// says that nobody knows.
func (e *Engine) duplicate(ctx context.Context, copies []*copied, base int64) {
	for _, c := range copies {
		if c.Batch != 0 && base >= 0 {
			c.Offset = base + int64(c.Index)
		}
		c.Batch = 0
		if e.options.Duplicate == nil {
			c.a.tally.skipped(1, "there is nothing that appends a copy")
			continue
		}
		if err := e.write([]*mark{c.mark}); err != nil {
			continue
		}
		if err := e.options.Duplicate(ctx, c.Topic, c.Partition, c.bytes); err != nil {
			c.a.tally.skipped(1, "the copy was not acknowledged: "+cause(err))
			e.options.Log.Warn("a copy of a record may not be there", "error", fmt.Errorf("appending to %s/%d: %w", c.Topic, c.Partition, err))
			unknown := *c.mark
			unknown.What = "duplicate_unknown"
			_ = e.write([]*mark{&unknown}) // counted and logged there
		}
	}
}

package force

import (
	"context"
	"errors"

	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

var errNoCorrupter = errors.New("there is nothing that reads values")

func (h *hand) corrupt(ctx context.Context) bool {
	changed := false
	for _, i := range h.hits() {
		before := h.batch.Records[i] // its value is replaced, and not written to
		ok, err := h.corruptOne(ctx, i)
		switch {
		case err != nil:
			h.active.tally.unread(1, cause(err))
		case !ok:
			h.active.tally.skipped(1, "the corruption changes nothing")
		default:
			h.mark(i, record.Hash(&before))
			changed = true
		}
	}
	if changed && h.active.Corrupt.BrokenCRC {
		h.batch.KeepCRC = true
	}
	return changed
}

func (h *hand) corruptOne(ctx context.Context, i int) (bool, error) {
	how := *h.active.Corrupt
	if how.Do == rule.TimestampShift && len(how.Fields) == 0 {
		return h.batch.ShiftTimestamp(i, how.By), nil
	}
	if h.e.options.Corrupter == nil {
		return false, errNoCorrupter
	}
	r := &h.batch.Records[i]
	out, changed, err := h.e.options.Corrupter.Corrupt(ctx, h.topic, r.Value, how)
	if err != nil || !changed {
		return false, err
	}
	r.Value = out
	return true, nil
}

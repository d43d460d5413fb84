package sink

import (
	"context"
	"math/big"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// row gives what is stored of a trade in this batch; false is nothing. Which
// records are concerned is a matter of their offsets alone, so that it is the
// same ones after a restart.
func (d *damage) row(ctx context.Context, r *kgo.Record, t trade.V2) (trade.V2, bool) {
	hit := func(what defect.Defect) bool {
		every := d.defects.Every(what)
		return every > 0 && (r.Offset+1)%every == 0
	}
	note := func(what defect.Defect) { d.note(ctx, what, "partition", r.Partition, "offset", r.Offset) }
	if hit(defect.DropAfterAck) {
		note(defect.DropAfterAck)
		return t, false
	}
	if hit(defect.SwapPriceQuantity) && t.Price.Cmp(t.Quantity) != 0 {
		note(defect.SwapPriceQuantity)
		t.Price, t.Quantity = t.Quantity, t.Price
	}
	if hit(defect.TruncateDecimal) && !t.Price.IsInt() {
		note(defect.TruncateDecimal)
		t.Price = new(big.Rat).SetInt(new(big.Int).Quo(t.Price.Num(), t.Price.Denom()))
	}
	if hit(defect.ShiftTimestamp) {
		note(defect.ShiftTimestamp)
		t.Timestamp = t.Timestamp.Add(time.Hour)
	}
	if hit(defect.Reorder) {
		note(defect.Reorder)
		d.delayed = append(d.delayed, t)
		return t, false
	}
	return t, true
}

// passesOver says whether a record that cannot be stored is left without a
// dead letter.
func (d *damage) passesOver(ctx context.Context, r *kgo.Record, why reason) bool {
	if !d.defects.Has(defect.DropUndecodable) || why != undecodable && why != unknownSchema {
		return false
	}
	d.note(ctx, defect.DropUndecodable, "partition", r.Partition, "offset", r.Offset)
	return true
}

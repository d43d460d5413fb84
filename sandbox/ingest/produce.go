package ingest

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/clients/receipts"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// take notes a trade, sheds it or hands it to the producer, and never waits.
// encode gives its value; answered, if there is one, is told what became of it,
// once. The error is of a receipt that could not be written.
func (p *player) take(taken Receipt, of Priority, encode func(seq int64) ([]byte, error), answered func(Receipt)) error {
	rec, err := p.receipts.Take(taken)
	if err != nil {
		return err
	}
	p.offered.Inc()
	if of == High {
		p.highOffered.Inc()
	}
	p.quiet.begin(time.Now())
	tell := func(rec Receipt) error {
		p.count(rec, of)
		err := p.receipts.Settle(rec)
		if answered != nil {
			answered(rec)
		}
		return err
	}
	if p.sheds(of) {
		rec.State = receipts.Shed
		return tell(rec)
	}
	value, err := encode(rec.Seq)
	if err != nil {
		rec.State = receipts.Failed
		return tell(rec)
	}
	// Kept apart from ctx: a record that was taken is answered for even while
	// the service stops.
	p.client.TryProduce(context.Background(), &kgo.Record{
		Key: []byte(rec.Symbol), Value: value,
		Headers: []kgo.RecordHeader{{Key: trade.DigestHeader, Value: []byte(trade.Digest(value))}},
	}, func(r *kgo.Record, err error) {
		if err := tell(fate(rec, r, err)); err != nil {
			p.broken.Store(&err)
			slog.Error("receipt not written", "seq", rec.Seq, "error", err)
		}
	})
	return nil
}

// fate reads the producer's answer.
func fate(rec Receipt, r *kgo.Record, err error) Receipt {
	switch {
	case err == nil:
		rec.Acknowledge(r.Partition, r.Offset)
	case errors.Is(err, kgo.ErrMaxBuffered):
		rec.State = receipts.Dropped
	case errors.Is(err, kgo.ErrClientClosed), errors.Is(err, context.Canceled):
		rec.State = receipts.Unknown // it may have been written
	default:
		rec.State = receipts.Failed
		slog.Error("record refused by Kafka", "trade", rec.TradeID, "error", err)
	}
	return rec
}

// count takes the fate of a trade into the metrics.
func (p *player) count(rec Receipt, of Priority) {
	switch rec.State {
	case receipts.Acked:
		p.acked.Inc()
		p.quiet.acked(time.Now())
		if of == High {
			p.highAcked.Inc()
		}
		return
	case receipts.Dropped:
		p.dropped.Inc()
	case receipts.Failed:
		p.failed.Inc()
	case receipts.Shed:
		p.shed.WithLabelValues(string(of)).Inc()
	case receipts.Unknown, receipts.Pending:
		return
	}
	if of == High {
		p.highMissed.Inc()
	}
}

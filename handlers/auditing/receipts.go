package auditing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/k2-platform/faultline/handlers/bookkeeping"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/digest"
)

// Producer is asked for its receipts, by their numbers. bookkeeping.Feed is one.
type Producer interface {
	// Taken is the number of the newest.
	Taken(ctx context.Context) (int64, error)
	// Receipts are those after one number up to another, in order.
	Receipts(ctx context.Context, after, to int64) ([]bookkeeping.Receipt, error)
}

var _ Producer = bookkeeping.Feed{}

// Receipts finds a producer's receipts of a part of the log. They have no time:
// one that was acknowledged is of where it was; any other, which is nowhere, is of
// where the next one is that was acknowledged. So each is of one part.
type Receipts struct{ Producer Producer }

const (
	// receiptPage is how many are asked for, and kept, at once.
	receiptPage = 2000
	// disorder is by how many receipts a record may overtake another on its way
	// into the log: so many in a row that are of before a part, and no earlier one
	// is of it.
	disorder = 20_000
)

// Of are those of a part of the log. It waits until the producer knows what
// became of each.
func (r Receipts) Of(ctx context.Context, log []audit.Range, wait time.Duration) (audit.Receipts, error) {
	if len(log) == 0 {
		return nil, nil //nolint:nilnil // nothing was sent: there is nothing to hear of
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	last, err := r.Producer.Taken(ctx)
	if err != nil {
		return nil, err
	}
	for {
		part := &heardOf{Producer: r.Producer, begin: map[int32]int64{}, end: map[int32]int64{}, last: last}
		for _, l := range log {
			part.begin[l.Partition], part.end[l.Partition] = l.From, l.To
		}
		under := 0
		err := part.read(ctx, func(s audit.Said) error {
			if s.State == account.Pending {
				under++
			}
			return nil
		})
		if err == nil && under == 0 {
			return part, nil
		}
		if !pause.For(ctx, look) {
			if err == nil {
				err = fmt.Errorf("after %s the producer does not know what became of %d records", wait, under)
			}
			return nil, err
		}
	}
}

// heardOf are the receipts up to the last one that are of a part of the log.
type heardOf struct {
	Producer
	begin, end map[int32]int64
	last       int64
}

// Receipts implements audit.Receipts.
func (h *heardOf) Receipts(ctx context.Context, each func(audit.Said) error) error {
	return h.read(ctx, each)
}

// read goes from the last receipt to the first, so that it knows of one that was
// not acknowledged which comes next.
func (h *heardOf) read(ctx context.Context, each func(audit.Said) error) error {
	within, before := false, 0
	var key []byte
	for to := h.last; to > 0 && before < disorder; to -= receiptPage {
		all, err := h.Producer.Receipts(ctx, max(to-receiptPage, 0), to)
		if err != nil {
			return err
		}
		for _, one := range slices.Backward(all) {
			state := StateOf(one.State)
			if state == account.Acked {
				within = h.has(one.Place)
				switch begin, ok := h.begin[one.Place.Partition]; {
				case !ok:
				case one.Place.Offset < begin:
					before++
				default:
					before = 0
				}
			}
			if !within {
				continue
			}
			key = digest.AppendText(key[:0], one.Key)
			said := audit.Said{Key: key, State: state, At: audit.Place{Partition: one.Place.Partition, Offset: one.Place.Offset}}
			if err := each(said); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *heardOf) has(p bookkeeping.Place) bool {
	end, ok := h.end[p.Partition]
	return ok && p.Offset >= h.begin[p.Partition] && p.Offset < end
}

// StateOf takes a word of the producer that is not known for a record that was
// not acknowledged.
func StateOf(word string) account.Receipt {
	switch word {
	case bookkeeping.StateAcked:
		return account.Acked
	case bookkeeping.StateDropped:
		return account.Dropped
	case bookkeeping.StateShed:
		return account.Shed
	case bookkeeping.StatePending:
		return account.Pending
	}
	return account.Unacked
}

package sources

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/checks"
)

// piece is how many offsets one reader takes at a time.
const piece = 1_000_000

// logSide is the log's side of a window.
type logSide struct{ *Compared }

// Read implements checks.Side. That some of the records are no longer there is
// an error: what is missing cannot be compared.
func (s logSide) Read(ctx context.Context, worker func() func(checks.Record) error) (checks.Cost, error) {
	left, err := s.leave(ctx)
	if err != nil {
		return checks.Cost{}, err
	}
	var rows, bytes atomic.Int64
	err = s.each(ctx, func() func(audit.Place, []byte) error {
		each, former := worker(), Formers(s.Mapping)()
		var buffer []byte
		return func(at audit.Place, value []byte) error {
			if left.place(at) {
				return nil
			}
			forms, err := former.Forms(ctx, value)
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case errors.Is(err, audit.ErrAway):
				return err
			case err != nil:
				return nil //nolint:nilerr // no row can be held against a record that cannot be read
			case !s.Window.Moments.Has(forms, s.keys), left.key(forms.Key):
				return nil
			}
			rows.Add(1)
			bytes.Add(int64(len(value)))
			buffer = append(append(buffer[:0], forms.Key...), forms.Values...)
			return each(checks.Record{Key: buffer[:len(forms.Key)], Values: buffer})
		}
	})
	return checks.Cost{Rows: rows.Load(), Bytes: bytes.Load()}, err
}

// each hands on all records of the window, to as many readers as there are
// processors.
func (c *Compared) each(ctx context.Context, reader func() func(audit.Place, []byte) error) error {
	group, ctx := errgroup.WithContext(ctx)
	work := make(chan audit.Range)
	group.Go(func() error {
		defer close(work)
		for _, r := range c.Window.Log {
			for from := r.From; from < r.To; from += piece {
				select {
				case work <- audit.Range{Partition: r.Partition, From: from, To: min(from+piece, r.To)}:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		return nil
	})
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			each := reader()
			for r := range work {
				if err := c.piece(ctx, r, each); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func (c *Compared) piece(ctx context.Context, r audit.Range, each func(audit.Place, []byte) error) error {
	holes, _, err := Topic{c.Bus, c.Books.Topic}.Read(ctx, r, func(records []audit.Record) error {
		for _, rec := range records {
			if err := each(audit.Place{Partition: r.Partition, Offset: rec.Offset}, rec.Value); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(holes) > 0 {
		h := holes[0]
		err = fmt.Errorf("partition %d, offsets %d to %d: the records are no longer there", h.Partition, h.From, h.To-1)
	}
	return err
}

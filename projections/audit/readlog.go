package audit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/k2-platform/faultline/projections/digest"
)

// slices cuts the log into pieces that one worker reads.
func (a *audit) slices() []Range {
	var out []Range
	for _, r := range a.Window.Log {
		for from := r.From; from < r.To; from += a.Slice {
			out = append(out, Range{r.Partition, from, min(from+a.Slice, r.To)})
		}
	}
	return out
}

// readLog is the first pass over the log. How far it is, is kept after each
// round of slices.
func (a *audit) readLog(ctx context.Context) error {
	all := a.slices()
	round := len(all)
	if a.Store != nil {
		round = a.Workers
	}
	for a.state.Done < len(all) {
		next := min(a.state.Done+round, len(all))
		if err := a.readSlices(ctx, all[a.state.Done:next]); err != nil {
			return err
		}
		a.state.Done = next
		if err := a.save(); err != nil {
			return err
		}
	}
	return nil
}

func (a *audit) readSlices(ctx context.Context, all []Range) error {
	group, ctx := errgroup.WithContext(ctx)
	work := make(chan Range)
	group.Go(func() error {
		defer close(work)
		for _, r := range all {
			select {
			case work <- r:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range min(a.Workers, len(all)) {
		group.Go(func() error {
			w := &logWorker{audit: a, former: a.Formers(), log: digest.NewBuckets(a.Power), heard: digest.NewBuckets(a.Power), look: make([]bool, 1<<a.Power)}
			for r := range work {
				if err := w.read(ctx, r); err != nil {
					return err
				}
			}
			w.merge()
			return nil
		})
	}
	return group.Wait()
}

// logWorker adds up slices of the log.
type logWorker struct {
	*audit
	former     Former
	log, heard digest.Buckets
	look       []bool
	buffer     []byte

	records, unreadable, letters int64
}

func (w *logWorker) merge() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Log.Merge(w.log)
	w.state.Heard.Merge(w.heard)
	for i, l := range w.look {
		w.state.Look[i] = w.state.Look[i] || l
	}
	w.state.Records += w.records
	w.state.Unreadable += w.unreadable
	w.state.Lettered += w.letters
}

func (w *logWorker) read(ctx context.Context, r Range) error {
	return w.readRange(ctx, w.former, r, w.record, func(u Unread) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.state.Unread, w.state.Torn = append(w.state.Unread, u), true
	})
}

// seen is one record of the log as the audit takes it.
type seen struct {
	at    Place
	forms Forms
	key   []byte // that of forms; of a record that cannot be read, one made of its place
	whole bool   // it can be read
}

// errCut ends the reading of a range whose records cannot be read now.
type errCut struct {
	at  int64
	why error
}

func (e *errCut) Error() string { return e.why.Error() }

// readRange hands on the records of a range that are of the window. What is
// missing goes to missing; the error is of ctx, or of each.
func (a *audit) readRange(ctx context.Context, former Former, r Range, each func(seen), missing func(Unread)) error {
	var pseudo []byte
	holes, next, err := a.Log.Read(ctx, r, func(records []Record) error {
		for _, rec := range records {
			s := seen{at: Place{r.Partition, rec.Offset}}
			forms, err := former.Forms(ctx, rec.Value)
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case errors.Is(err, ErrAway):
				return &errCut{rec.Offset, err}
			case err != nil:
				if !a.Window.Moments.around(rec.Millis) {
					continue
				}
				pseudo = digest.AppendInexact(pseudo[:0], fmt.Appendf(nil, "%d/%d", r.Partition, rec.Offset))
				s.key = pseudo
			case !a.Window.Moments.Has(forms, a.Keys):
				continue
			default:
				s.forms, s.key, s.whole = forms, forms.Key, true
			}
			each(s)
		}
		return nil
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, h := range holes {
		missing(Unread{Source: "log", Range: &h, Why: "the records are no longer there"})
	}
	if cut, ok := errors.AsType[*errCut](err); ok {
		next = cut.at
	}
	if err != nil {
		missing(Unread{Source: "log", Range: &Range{r.Partition, next, r.To}, Why: err.Error()})
	}
	return nil
}

// byReceipt says that a record is known by what its receipt says of it: it was
// changed on its way, or cannot be read.
func (a *audit) byReceipt(s seen) bool {
	return (!s.whole || a.changed.has(s.at)) && a.acked.has(s.at)
}

func (w *logWorker) record(s seen) {
	w.records++
	lettered := w.lettered.has(s.at)
	if lettered {
		w.letters++
	}
	if !s.whole {
		w.unreadable++
	}
	if w.byReceipt(s) {
		return // its receipt is not heard of below, so that its bucket is looked at
	}
	b := w.log.Of(s.key)
	w.log[b].Add(digest.OfRecord(s.key, s.forms.Values))
	if w.twice.add(digest.Of(s.key)) || lettered || !s.whole || w.changed.has(s.at) || w.fetched.has(s.at) {
		w.look[b] = true
	}
	if w.acked.has(s.at) {
		var sum digest.Sum
		w.buffer, sum = placedIn(w.buffer, s.key, s.at)
		w.heard[b].Add(sum)
	}
}

// placed digests that a key stands at a place.
func placed(buffer, key []byte, at Place) digest.Sum {
	_, sum := placedIn(buffer, key, at)
	return sum
}

func placedIn(buffer, key []byte, at Place) ([]byte, digest.Sum) {
	buffer = binary.BigEndian.AppendUint32(buffer[:0], uint32(at.Partition)) //nolint:gosec // its bits
	buffer = binary.BigEndian.AppendUint64(buffer, uint64(at.Offset))        //nolint:gosec // its bits
	return buffer, digest.OfRecord(key, buffer)
}

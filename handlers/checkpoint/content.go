package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/cloudevent"
	"github.com/k2-platform/faultline/internal/pack"
)

// content is what a checkpoint says.
type content struct {
	origin   origin
	fold     string
	snapshot handlers.Snapshot
}

// form begins every checkpoint. Only its first release may read it.
const form = "faultline checkpoint 1\n"

var errGarbled = errors.New("it does not read as a checkpoint")

// write writes the content piece by piece: there may be a great many.
func (c content) write(to io.Writer) error {
	out := &stream{to: to}
	_, out.err = io.WriteString(to, form)
	out.piece(func(w *pack.Writer) error {
		w.Text(c.fold)
		c.origin.pack(w)
		w.Number(uint64(len(c.snapshot.Settled)))
		return nil
	})
	for _, s := range c.snapshot.Settled {
		out.piece(func(w *pack.Writer) error { w.Text(s.Text()); return nil })
	}
	out.piece(func(w *pack.Writer) error { w.Number(uint64(len(c.snapshot.Batches))); return nil })
	for _, b := range c.snapshot.Batches {
		out.piece(func(w *pack.Writer) error { return packBatch(w, b) })
	}
	return out.err
}

// stream writes pieces, each of which it forgets, until one fails.
type stream struct {
	to   io.Writer
	last pack.Writer
	err  error
}

func (s *stream) piece(fill func(*pack.Writer) error) {
	if s.err != nil {
		return
	}
	s.last.Out = s.last.Out[:0]
	if s.err = fill(&s.last); s.err == nil {
		_, s.err = s.to.Write(s.last.Out)
	}
}

// read reads what write wrote. The snapshot shares the text's memory.
func read(text string) (content, error) {
	if len(text) < len(form) || text[:len(form)] != form {
		return content{}, errGarbled
	}
	r := &pack.Reader{Rest: text[len(form):]}
	c := content{fold: r.Text(), origin: readOrigin(r)}
	c.snapshot.Next = c.origin.next()
	c.snapshot.Settled = make([]experiment.Compact, 0, r.Count())
	for range cap(c.snapshot.Settled) {
		s, err := experiment.ReadCompact(r.Text())
		if err != nil {
			return content{}, fmt.Errorf("%w: %w", errGarbled, err)
		}
		c.snapshot.Settled = append(c.snapshot.Settled, s)
	}
	for range r.Count() {
		b, err := readBatch(r, c.origin.topic)
		if err != nil {
			return content{}, fmt.Errorf("%w: %w", errGarbled, err)
		}
		c.snapshot.Batches = append(c.snapshot.Batches, b)
	}
	if !r.Done() {
		return content{}, errGarbled
	}
	return c, nil
}

// packBatch writes a batch as it stands on the wire.
func packBatch(w *pack.Writer, b handlers.Placed) error {
	event, err := events.EncodeBatch(b.Batch, "")
	if err != nil {
		return err
	}
	w.Number(uint64(b.Place.Partition))         //nolint:gosec // never negative
	w.Number(uint64(b.Place.Offset))            //nolint:gosec // never negative
	w.Text(event.Time.Format(time.RFC3339Nano)) // as the wire has it
	w.Text(string(event.Data))
	return nil
}

func readBatch(r *pack.Reader, topic string) (handlers.Placed, error) {
	partition, offset := r.UpTo(maxPartition), r.UpTo(maxOffset)
	at, err := time.Parse(time.RFC3339Nano, r.Text())
	if err != nil {
		return handlers.Placed{}, err
	}
	b, err := events.DecodeBatch(cloudevent.Event{Type: events.TypeBatch, Time: at, Data: []byte(r.Text())})
	if err != nil {
		return handlers.Placed{}, err
	}
	place := handlers.Place{Topic: topic, Partition: int32(partition), Offset: int64(offset)} //nolint:gosec // at most maxPartition
	return handlers.Placed{Batch: b, Place: place}, nil
}

package sources

import (
	"context"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/digest"
)

// mostLeftOut is how many records may be left out: some 100 bytes each.
const mostLeftOut = 1_000_000

// leftOut is which records are on neither side of a comparison: by where they
// stand in the log, and by their keys.
type leftOut struct {
	places map[audit.Place]bool
	keys   map[digest.Sum]bool
}

func (l *leftOut) place(at audit.Place) bool { return len(l.places) > 0 && l.places[at] }

func (l *leftOut) key(key []byte) bool { return len(l.keys) > 0 && l.keys[digest.Of(key)] }

func (l *leftOut) full() error {
	if len(l.places)+len(l.keys) <= mostLeftOut {
		return nil
	}
	return fmt.Errorf("more than %d records have a dead letter or were changed by a fault: compare a shorter time", mostLeftOut)
}

// learn finds the places, and then the keys of the records that stand there.
func (c *Compared) learn(ctx context.Context) (*leftOut, error) {
	out := &leftOut{places: map[audit.Place]bool{}, keys: map[digest.Sum]bool{}}
	place := func(at audit.Place) error {
		if c.within(at) {
			out.places[at] = true
		}
		return out.full()
	}
	for _, letters := range c.Audit(c.Window).Letters {
		err := letters.Letters(ctx, func(l audit.Letter) error {
			if l.At.Offset < 0 && len(l.Key) > 0 {
				out.keys[digest.Of(l.Key)] = true
			}
			return place(l.At)
		})
		if err != nil {
			return nil, fmt.Errorf("reading the dead letters, whose records are in no sum: %w", err)
		}
	}
	if c.truth != nil {
		err := c.truth.Touched(ctx, func(at audit.Place, change audit.Change) error {
			if change == audit.Untouched {
				return nil
			}
			return place(at)
		})
		if err != nil {
			return nil, fmt.Errorf("reading what faults changed: %w", err)
		}
	}
	return out, c.keysOf(ctx, out)
}

func (c *Compared) within(at audit.Place) bool {
	for _, r := range c.Window.Log {
		if r.Partition == at.Partition && r.From <= at.Offset && at.Offset < r.To {
			return true
		}
	}
	return false
}

// keysOf reads the records of the places: rows are known by their keys.
func (c *Compared) keysOf(ctx context.Context, out *leftOut) error {
	spans := map[int32]audit.Range{}
	for at := range out.places {
		r, ok := spans[at.Partition]
		if !ok {
			r = audit.Range{Partition: at.Partition, From: at.Offset, To: at.Offset + 1}
		}
		r.From, r.To = min(r.From, at.Offset), max(r.To, at.Offset+1)
		spans[at.Partition] = r
	}
	former := Formers(c.Mapping)()
	for _, r := range spans {
		_, _, err := Topic{c.Bus, c.Books.Topic}.Read(ctx, r, func(records []audit.Record) error {
			for _, rec := range records {
				if !out.places[audit.Place{Partition: r.Partition, Offset: rec.Offset}] {
					continue
				}
				forms, err := former.Forms(ctx, rec.Value)
				if err == nil {
					out.keys[digest.Of(forms.Key)] = true
				} else if ctx.Err() != nil || errors.Is(err, audit.ErrAway) {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("reading the records that are in no sum: %w", err)
		}
	}
	return nil
}

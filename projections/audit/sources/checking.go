package sources

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/checks"
	"github.com/k2-platform/faultline/spec"
)

// ErrNoWindow is that nothing says which rows of the table are of the records of
// a window: both cannot be compared as a whole.
var ErrNoWindow = errors.New("log and table cannot be compared as a whole")

// pieces is how many pieces of a sequence are held at a time: records that were
// left out, or dropped at their source, each begin one.
const pieces = 1 << 16

// Comparing are the checks that hold log and table against each other, by what
// the books name: sums over windows, and sequences.
func Comparing(b spec.Books) []checks.Check {
	var out []checks.Check
	if b.Mapping == nil {
		return nil
	}
	if b.Windows != nil {
		out = append(out, SumsOf(b))
	}
	for _, s := range SequencesOf(b) {
		out = append(out, s)
	}
	return out
}

// SequencesOf are the checks of the sequences that books name.
func SequencesOf(b spec.Books) []checks.Sequence {
	var out []checks.Sequence
	for _, s := range b.Sequences {
		out = append(out, checks.Sequence{Column: s.Column, Per: s.Per, Runs: pieces})
	}
	return out
}

// SumsOf is the check of the windows that books name.
func SumsOf(b spec.Books) checks.Sums {
	w := b.Windows
	return checks.Sums{By: w.By, Time: b.WindowTime(), Every: cmp.Or(w.Every, spec.DefaultWindow).Of(), Price: w.Price, Quantity: w.Quantity}
}

// DriftOf is the check of the columns that a mapping names.
func DriftOf(m spec.Mapping) checks.Drift {
	out := checks.Drift{Unmapped: m.Unmapped}
	for _, c := range m.Columns() {
		out.Mapped = append(out.Mapped, checks.Column{Name: c})
	}
	return out
}

// Scale is how many digits a decimal column has after the point.
func (p *Platform) Scale(column string) int { return p.types[column].Scale }

// During is the window that the sink wrote between two snapshots of the table:
// ErrNoWindow where the table does not hold the offsets, or nobody has one of the
// snapshots any more.
func (p *Platform) During(ctx context.Context, after, snapshot int64) (audit.Window, error) {
	if snapshot == 0 {
		return audit.Window{}, fmt.Errorf("%w: the books were closed without a snapshot of the table", ErrNoWindow)
	}
	w, err := p.Between(ctx, after, snapshot)
	if errors.Is(err, lake.ErrNoSnapshot) {
		return w, fmt.Errorf("%w: %w", ErrNoWindow, err)
	}
	if err == nil && len(w.Log) == 0 {
		return w, fmt.Errorf("%w: between snapshots %d and %d the table says of no offset that it was written", ErrNoWindow, after, snapshot)
	}
	return w, err
}

// Whole is all that the topic and the table have, as far as the sink is.
func (p *Platform) Whole(ctx context.Context) (audit.Window, error) {
	starts, err := p.Bus.StartOffsets(ctx, p.Books.Topic)
	if err != nil {
		return audit.Window{}, err
	}
	for partition, start := range starts {
		if start > 0 {
			return audit.Window{}, fmt.Errorf("%w: the oldest record of partition %d is %d, and the table may have those before it; give --from a time that the topic has", ErrNoWindow, partition, start)
		}
	}
	next, owned, err := p.Sink(ctx)
	if err != nil {
		return audit.Window{}, err
	}
	snapshot, err := p.Head(ctx)
	switch {
	case err != nil:
		return audit.Window{}, err
	case owned:
		return p.Between(ctx, 0, snapshot)
	case next == nil:
		return audit.Window{}, fmt.Errorf("%w: nothing says how far the sink is; name its group in the platform's books", ErrNoWindow)
	}
	return audit.Window{Log: RangesOf(nil, next), Snapshot: snapshot, Alone: true}, nil
}

// Pin makes a window one of a snapshot of the table, and cuts the log where the
// sink was then: what it had not come to is on neither side.
func (p *Platform) Pin(ctx context.Context, w audit.Window) (audit.Window, error) {
	if !w.Alone {
		return w, fmt.Errorf("%w: the table may hold rows of other times; name a moment in the platform's books", ErrNoWindow)
	}
	var err error
	if w.Snapshot == 0 {
		if w.Snapshot, err = p.Head(ctx); err != nil {
			return w, err
		}
	}
	next := w.Sink
	if w.Snapshot != 0 {
		mark, err := p.Lake.WatermarkAt(ctx, p.Books.Namespace, p.Books.Table, w.Snapshot)
		if err != nil {
			return w, err
		}
		if own := p.of(mark); len(own) > 0 {
			next = own // what the table says of itself is of this snapshot
		}
	}
	if next == nil {
		return w, nil
	}
	var log []audit.Range
	for _, r := range w.Log {
		if r.To = min(r.To, next[r.Partition]); r.From < r.To {
			log = append(log, r)
		}
	}
	w.Log = log
	return w, nil
}

package checks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Window is the sums of one side over one window of one group. The numbers are
// decimal, with all digits of their columns.
type Window struct {
	From, To                 time.Time
	By                       []string // values of the columns By of Sums
	Records                  int64
	Price, Quantity, Product string
	First, Last              time.Time
}

// Sent gives the windows of the log, in the order of time: for those who have
// the table summed up elsewhere.
func (s Sums) Sent(ctx context.Context, in Input) ([]Window, error) {
	g, err := s.grouping(in)
	if err != nil {
		return nil, err
	}
	if in.Log == nil {
		return nil, fmt.Errorf("%w: the log has to be read to sum it up", ErrNothing)
	}
	sent := groups{}
	if _, err := g.read(ctx, in.Log, sent); err != nil {
		return nil, fmt.Errorf("reading the log: %w", err)
	}
	price, quantity := in.Columns[g.price].Scale, in.Columns[g.quantity].Scale
	out := make([]Window, 0, len(sent))
	for _, k := range keys(sent, nil) {
		x := sent[k]
		w := Window{
			Records: x.all.N, Price: point(x.price.total(), price), Quantity: point(x.quantity.total(), quantity),
			Product: point(x.product.total(), price+quantity), First: time.UnixMicro(x.min).UTC(), Last: time.UnixMicro(x.max).UTC(),
		}
		w.From, w.To, w.By = g.window(k)
		out = append(out, w)
	}
	return out, nil
}

// SentSequence is what the log has of one sequence. Missing are the numbers
// between the first and the last that it lacks, from one to another.
type SentSequence struct {
	Of          string // the values of the columns Per, with ", " between
	First, Last int64
	Missing     [][2]int64
	Repeats     int64 // numbers that were there already
}

// Sent gives the sequences of the log: for those who have the table looked at
// elsewhere.
func (s Sequence) Sent(ctx context.Context, in Input) ([]SentSequence, error) {
	if in.Log == nil {
		return nil, fmt.Errorf("%w: the log has to be read to know its sequences", ErrNothing)
	}
	if s.Runs == 0 {
		s.Runs = defaultRuns
	}
	was, _, err := s.read(ctx, in, in.Log)
	if err != nil {
		return nil, fmt.Errorf("reading the sequences of the log: %w", err)
	}
	var out []SentSequence
	for _, key := range slices.Sorted(maps.Keys(was)) {
		r := was[key]
		sent := SentSequence{Of: told([]byte(key)), First: r.span().from, Last: r.span().to, Repeats: r.repeats}
		for _, g := range r.gaps() {
			sent.Missing = append(sent.Missing, [2]int64{g.from, g.to})
		}
		out = append(out, sent)
	}
	return out, nil
}

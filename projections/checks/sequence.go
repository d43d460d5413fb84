package checks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/k2-platform/faultline/projections/digest"
)

// Sequence expects the numbers of a column to follow on each other within each
// value of the columns Per: none missing and none twice between the first and
// the last. Numbers that the log lacks, too, never were; where no log is read
// there may be no gap at all. Rows without a number are passed over.
type Sequence struct {
	Column string   // such as source_sequence
	Per    []string // such as exchange and symbol; none for one sequence
	// Runs is how many pieces of a sequence are held at a time, 4096 where it is
	// 0. A table whose numbers are further out of order cannot be checked so.
	Runs int
}

// Name implements Check.
func (s Sequence) Name() string { return "sequence_" + s.Column }

// Run implements Check.
func (s Sequence) Run(ctx context.Context, in Input) ([]Result, error) {
	if in.Rows == nil {
		return nil, fmt.Errorf("%w: the table was not read", ErrNothing)
	}
	if s.Runs == 0 {
		s.Runs = defaultRuns
	}
	var problems [2]error
	var costs [2]Cost
	var is, was sequences
	var both sync.WaitGroup
	both.Go(func() { is, costs[0], problems[0] = s.read(ctx, in, in.Rows) })
	if in.Log != nil {
		both.Go(func() { was, costs[1], problems[1] = s.read(ctx, in, in.Log) })
	}
	both.Wait()
	if err := errors.Join(problems[:]...); err != nil {
		return nil, err
	}
	var wrong examples
	for _, key := range slices.Sorted(maps.Keys(is)) {
		s.judge(&wrong, told([]byte(key)), is[key], was[key])
	}
	for _, key := range slices.Sorted(maps.Keys(was)) {
		if is[key] == nil {
			wrong.add("%s: the table has none of the numbers %s", s.of(told([]byte(key))), was[key].span())
		}
	}
	r := wrong.result(fmt.Sprintf("%d sequences of %s have no gap that the log has not, and no number twice", len(is), s.Column))
	if wrong.n > 0 {
		r.Evidence += ". " + s.query(in.Name)
	}
	r.Cost = Cost{Rows: costs[0].Rows + costs[1].Rows, Bytes: costs[0].Bytes + costs[1].Bytes}
	return []Result{r}, nil
}

// defaultRuns is what Runs is by default.
const defaultRuns = 4096

// sequences are the numbers by the forms of the columns Per.
type sequences map[string]*runs

func (s Sequence) read(ctx context.Context, in Input, side Side) (sequences, Cost, error) {
	column, err := in.typed(s.Column, "int", "long")
	if err != nil {
		return nil, Cost{}, err
	}
	per := make([]int, len(s.Per))
	for i, name := range s.Per {
		if per[i], err = in.find(name); err != nil {
			return nil, Cost{}, err
		}
	}
	var readers shares[sequences]
	cost, err := side.Read(ctx, func() func(Record) error {
		own := readers.own(sequences{})
		var values []digest.Value
		var key []byte
		return func(r Record) (err error) {
			if values, err = in.split(values, r.Values); err != nil {
				return err
			}
			n, ok := values[column].Int()
			if !ok {
				return nil
			}
			key = key[:0]
			for _, i := range per {
				key = digest.AppendText(key, values[i].String())
			}
			of := own[string(key)]
			if of == nil {
				of = &runs{}
				own[string(key)] = of
			}
			of.add(n, n)
			return s.bounded(of, key)
		}
	})
	out := sequences{}
	for _, own := range readers.all {
		for key, from := range own {
			if out[key] == nil {
				out[key] = &runs{}
			}
			out[key].merge(from)
			err = errors.Join(err, s.bounded(out[key], []byte(key)))
		}
	}
	return out, cost, err
}

func (s Sequence) bounded(r *runs, key []byte) error {
	if len(r.pieces) <= s.Runs {
		return nil
	}
	return fmt.Errorf("the numbers of %s are in more than %d pieces: they are no sequence, or read too far out of order", s.of(told(key)), s.Runs)
}

func (s Sequence) of(key string) string {
	if key == "" {
		return s.Column
	}
	return s.Column + " of " + key
}

// judge expects the table to lack no number that the log has, or none at all
// where there is no log.
func (s Sequence) judge(wrong *examples, key string, is, was *runs) {
	gaps := is.gaps()
	if was != nil {
		gaps = is.lacks(was)
	}
	for _, g := range gaps {
		wrong.add("%s: %s missing", s.of(key), g)
	}
	allowed := int64(0)
	if was != nil {
		allowed = was.repeats
	}
	if is.repeats > allowed {
		wrong.add("%s: %d numbers there more than once, %d of them in the log, the first %v", s.of(key), is.repeats, allowed, is.twice)
	}
}

// query shows the gaps of the table.
func (s Sequence) query(table string) string {
	per := ""
	if len(s.Per) > 0 {
		per = "PARTITION BY " + strings.Join(s.Per, ", ") + " "
	}
	return fmt.Sprintf("SELECT * FROM (SELECT %[1]s AS number, lead(%[1]s) OVER (%[2]sORDER BY %[1]s) AS next FROM %[3]s) AS s WHERE next <> number + 1",
		s.Column, per, table)
}

package checks

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// GroupLimit is how many windows of groups Sums holds by default, of some 200
// bytes each.
const GroupLimit = 200_000

// Sums compares log and table window by window, for each value of the columns
// By: how many records there are, the sums of price, of quantity and of price ×
// quantity to the last digit, a digest over all values of the mapped columns,
// and the first and last time. The digest is over each value in its column: no
// swap of values, within a row or between rows, comes out even.
type Sums struct {
	By       []string // such as exchange and symbol
	Time     string   // the column that windows are made by
	Every    time.Duration
	Price    string // a decimal column
	Quantity string // a decimal column
	// Limit is how many windows of groups are held, GroupLimit where it is 0.
	Limit int
}

// Name implements Check. Results have the names of what is compared.
func (Sums) Name() string { return "window_sums" }

// Run implements Check.
func (s Sums) Run(ctx context.Context, in Input) ([]Result, error) {
	g, err := s.grouping(in)
	if err != nil {
		return nil, err
	}
	if in.Log == nil || in.Rows == nil {
		return nil, fmt.Errorf("%w: both log and table have to be read to compare them", ErrNothing)
	}
	sides, sent, stored := [2]Side{in.Log, in.Rows}, groups{}, groups{}
	var costs [2]Cost
	var problems [2]error
	var both sync.WaitGroup
	for i, into := range []groups{sent, stored} {
		both.Go(func() { costs[i], problems[i] = g.read(ctx, sides[i], into) })
	}
	both.Wait()
	for i, side := range []string{"log", "table"} {
		if problems[i] != nil {
			problems[i] = fmt.Errorf("reading the %s: %w", side, problems[i])
		}
	}
	if err := errors.Join(problems[:]...); err != nil {
		return nil, err
	}
	out := s.compare(g, sent, stored)
	out[0].Cost = Cost{Rows: costs[0].Rows + costs[1].Rows, Bytes: costs[0].Bytes + costs[1].Bytes}
	return out, nil
}

func (g grouping) read(ctx context.Context, side Side, into groups) (Cost, error) {
	worker, done := g.collect(into)
	cost, err := side.Read(ctx, worker)
	if err != nil {
		return cost, err
	}
	return cost, done()
}

func (s Sums) grouping(in Input) (grouping, error) {
	g := grouping{in: in, every: s.Every.Microseconds(), limit: s.Limit}
	if g.every <= 0 {
		return g, fmt.Errorf("%w: windows of %s: give a length of at least a microsecond", ErrNothing, s.Every)
	}
	if g.limit == 0 {
		g.limit = GroupLimit
	}
	var problems []error
	at := func(name string, types ...string) int {
		i, err := in.typed(name, types...)
		problems = append(problems, err)
		return i
	}
	for _, name := range s.By {
		g.by = append(g.by, at(name, ""))
	}
	g.time, g.price, g.quantity = at(s.Time, "timestamp"), at(s.Price, "decimal"), at(s.Quantity, "decimal")
	return g, errors.Join(problems...)
}

// measure is one thing that is compared of two groups, either of which may be
// nil.
type measure struct {
	name string
	of   func(*group) string
}

func (s Sums) measures(g grouping) []measure {
	scale := func(i int) int { return g.in.Columns[i].Scale }
	price, quantity := scale(g.price), scale(g.quantity)
	return []measure{
		{"window_count", func(x *group) string { return fmt.Sprint(x.all.N) }},
		{"window_sum_" + s.Price, func(x *group) string { return point(x.price.total(), price) }},
		{"window_sum_" + s.Quantity, func(x *group) string { return point(x.quantity.total(), quantity) }},
		{"window_sum_" + s.Price + "_x_" + s.Quantity, func(x *group) string { return point(x.product.total(), price+quantity) }},
		{"window_digest", func(x *group) string { return fmt.Sprintf("%d:%016x%016x", x.all.N, x.all.Sum.Hi, x.all.Sum.Lo) }},
		{"window_times", func(x *group) string {
			if x.all.N == 0 {
				return "none"
			}
			return time.UnixMicro(x.min).UTC().Format(timeForm) + " to " + time.UnixMicro(x.max).UTC().Format(timeForm)
		}},
	}
}

// compare gives of each measure one result where all groups agree, else one for
// each of the first groups that do not.
func (s Sums) compare(g grouping, sent, stored groups) []Result {
	var out []Result
	var of, is group
	all := keys(sent, stored)
	for _, k := range all {
		if x := sent[k]; x != nil {
			of.merge(x)
		}
		if x := stored[k]; x != nil {
			is.merge(x)
		}
	}
	for _, m := range s.measures(g) {
		differ := s.differing(g, m, all, sent, stored)
		if len(differ) == 0 {
			differ = []Result{{
				Check: m.name, Expected: m.of(&of), Actual: m.of(&is), Answer: answer(m.of(&of) == m.of(&is)),
				Evidence: fmt.Sprintf("%d windows of %s by %s agree", len(all), s.Every, strings.Join(s.By, ", ")),
			}}
		}
		out = append(out, differ...)
	}
	return out
}

func (s Sums) differing(g grouping, m measure, all []string, sent, stored groups) []Result {
	var out []Result
	none, more := &group{}, 0
	of := func(side groups, k string) string {
		if x := side[k]; x != nil {
			return m.of(x)
		}
		return m.of(none)
	}
	for _, k := range all {
		expected, actual := of(sent, k), of(stored, k)
		if expected == actual {
			continue
		}
		if len(out) == Named {
			more++
			continue
		}
		from, to, by := g.window(k)
		out = append(out, Result{
			Check: m.name, From: from, To: to, Expected: expected, Actual: actual, Answer: answer(false), Evidence: s.query(g.in.Name, from, to, by),
		})
	}
	if more > 0 {
		out[len(out)-1].Evidence += fmt.Sprintf("; and %d more windows differ", more)
	}
	return out
}

// query shows the table's side of a group.
func (s Sums) query(table string, from, to time.Time, by []string) string {
	where := make([]string, 0, len(by)+2)
	for i, name := range s.By {
		where = append(where, name+" = "+quoted(by[i]))
	}
	if from.IsZero() {
		where = append(where, s.Time+" IS NULL")
	} else {
		const form = "2006-01-02 15:04:05.000000+00:00"
		where = append(where, s.Time+" >= TIMESTAMP "+quoted(from.Format(form)), s.Time+" < TIMESTAMP "+quoted(to.Format(form)))
	}
	return fmt.Sprintf("SELECT count(*), sum(%[1]s), sum(%[2]s), sum(%[1]s * %[2]s), min(%[3]s), max(%[3]s) FROM %[4]s WHERE %[5]s",
		s.Price, s.Quantity, s.Time, table, strings.Join(where, " AND "))
}

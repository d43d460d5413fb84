package checks

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/k2-platform/faultline/projections/digest"
)

// group is what is summed of the records of one window and one value of each
// column that records are grouped by.
type group struct {
	all      digest.Total
	price    exact
	quantity exact
	product  exact
	unsummed int64 // without a price or quantity that their columns can hold
	min, max int64 // of the time, in microseconds
}

func (g *group) merge(o *group) {
	if g.all.N == 0 {
		g.min, g.max = o.min, o.max
	}
	g.all.Merge(o.all)
	g.price.merge(o.price)
	g.quantity.merge(o.quantity)
	g.product.merge(o.product)
	g.unsummed += o.unsummed
	g.min, g.max = min(g.min, o.min), max(g.max, o.max)
}

// groups are of one side, or of one of its readers. Their key is the number of
// the window and the forms of the columns that they are grouped by.
type groups map[string]*group

// timeless is the window of records without a time.
const timeless = math.MinInt64

// grouping is where in a record the columns of Sums are.
type grouping struct {
	in                    Input
	by                    []int
	time, price, quantity int
	every                 int64 // microseconds
	limit                 int
}

// collect reads a side into groups.
func (g grouping) collect(into groups) (worker func() func(Record) error, done func() error) {
	var readers shares[groups]
	worker = func() func(Record) error {
		own := readers.own(groups{})
		var values []digest.Value
		var key []byte
		return func(r Record) (err error) {
			if values, err = g.in.split(values, r.Values); err != nil {
				return err
			}
			key = g.key(key, values)
			of := own[string(key)]
			if of == nil {
				if len(own) == g.limit {
					return fmt.Errorf("there are more than %d windows of groups to hold: take longer windows, or group by less", g.limit)
				}
				of = &group{}
				own[string(key)] = of
			}
			g.add(of, values, r.Values)
			return nil
		}
	}
	done = func() error {
		for _, own := range readers.all {
			for k, o := range own {
				if into[k] == nil {
					into[k] = &group{}
				}
				into[k].merge(o)
			}
		}
		if len(into) > g.limit {
			return fmt.Errorf("there are %d windows of groups, at most %d are held: take longer windows, or group by less", len(into), g.limit)
		}
		return nil
	}
	return worker, done
}

// key begins with the window, so that groups sort by time.
func (g grouping) key(dst []byte, values []digest.Value) []byte {
	window := int64(timeless)
	if at, ok := values[g.time].Instant(); ok {
		window = at / g.every
		if at%g.every < 0 {
			window--
		}
	}
	dst = binary.BigEndian.AppendUint64(dst[:0], uint64(window)^1<<63) //nolint:gosec // its bits
	for _, i := range g.by {
		dst = digest.AppendText(dst, values[i].String())
	}
	return dst
}

func (g grouping) add(to *group, values []digest.Value, forms []byte) {
	at, _ := values[g.time].Instant()
	if to.all.N == 0 {
		to.min, to.max = at, at
	}
	to.min, to.max = min(to.min, at), max(to.max, at)
	to.all.Add(digest.Of(forms))
	ph, pl, priced := values[g.price].Decimal()
	if priced {
		to.price.add(ph, pl)
	}
	qh, ql, counted := values[g.quantity].Decimal()
	if counted {
		to.quantity.add(qh, ql)
	}
	if !priced || !counted {
		to.unsummed++
		return
	}
	to.product.product(ph, pl, qh, ql)
}

// window is when a group's records are, and the values that it is grouped by.
func (g grouping) window(key string) (from, to time.Time, by []string) {
	n := int64(binary.BigEndian.Uint64([]byte(key)) ^ 1<<63) //nolint:gosec // its bits
	for rest := []byte(key[8:]); len(rest) > 0; {
		v, after, err := digest.Next(rest)
		if err != nil {
			break // it was written by key
		}
		by, rest = append(by, v.String()), after
	}
	if n == timeless {
		return time.Time{}, time.Time{}, by
	}
	return time.UnixMicro(n * g.every).UTC(), time.UnixMicro((n + 1) * g.every).UTC(), by
}

// keys of both sides, in order.
func keys(a, b groups) []string {
	all := make([]string, 0, len(a))
	for k := range a {
		all = append(all, k)
	}
	for k := range b {
		if a[k] == nil {
			all = append(all, k)
		}
	}
	slices.Sort(all)
	return all
}

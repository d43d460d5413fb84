package checks

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// run is a piece of a sequence without a gap, both ends in it.
type run struct{ from, to int64 }

// String is one number, or the ends.
func (r run) String() string {
	if r.from == r.to {
		return fmt.Sprint(r.from)
	}
	return fmt.Sprintf("%d to %d", r.from, r.to)
}

// runs are the numbers of a sequence that were seen, in as few pieces as there
// are. The zero value has none. Its size is that of the gaps, not of the
// sequence, as long as numbers come nearly in order.
type runs struct {
	pieces  []run // in order, with a gap between any two
	repeats int64 // how many numbers were added that were there
	twice   []run // the first few of them
}

// add adds the numbers of a piece.
func (r *runs) add(from, to int64) {
	// The first piece that the new one touches, and the first that it does not.
	i := sort.Search(len(r.pieces), func(i int) bool { return r.pieces[i].to >= max(from, math.MinInt64+1)-1 })
	j := i
	for ; j < len(r.pieces) && r.pieces[j].from <= min(to, math.MaxInt64-1)+1; j++ {
		if a, b := max(r.pieces[j].from, from), min(r.pieces[j].to, to); a <= b {
			r.again(run{a, b})
		}
	}
	if i == j {
		r.pieces = slices.Insert(r.pieces, i, run{from, to})
		return
	}
	r.pieces[i] = run{min(r.pieces[i].from, from), max(r.pieces[j-1].to, to)}
	r.pieces = slices.Delete(r.pieces, i+1, j)
}

func (r *runs) again(p run) {
	r.repeats += p.to - p.from + 1
	if len(r.twice) < Named {
		r.twice = append(r.twice, p)
	}
}

// merge adds the numbers of another reader.
func (r *runs) merge(o *runs) {
	for _, p := range o.pieces {
		r.add(p.from, p.to)
	}
	r.repeats += o.repeats
	r.twice = append(r.twice, o.twice[:min(len(o.twice), Named-len(r.twice))]...)
}

// gaps are the numbers between the first and the last that were not added.
func (r *runs) gaps() []run {
	var out []run
	for i := 1; i < len(r.pieces); i++ {
		out = append(out, run{r.pieces[i-1].to + 1, r.pieces[i].from - 1})
	}
	return out
}

// lacks are the numbers of the other that r does not have.
func (r *runs) lacks(o *runs) []run {
	var out []run
	i := 0
	for _, p := range o.pieces {
		for i < len(r.pieces) && r.pieces[i].to < p.from {
			i++
		}
		rest := p
		for j := i; rest.from <= rest.to && j < len(r.pieces) && r.pieces[j].from <= p.to; j++ {
			if r.pieces[j].from > rest.from {
				out = append(out, run{rest.from, r.pieces[j].from - 1})
			}
			if r.pieces[j].to >= p.to {
				rest = run{1, 0}
				break
			}
			rest.from = r.pieces[j].to + 1
		}
		if rest.from <= rest.to {
			out = append(out, rest)
		}
	}
	return out
}

// span is from the first number to the last.
func (r *runs) span() run {
	return run{r.pieces[0].from, r.pieces[len(r.pieces)-1].to}
}

package checks

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/projections/digest"
)

// parts are the two halves of a number of at most 128 bits.
func parts(n *big.Int) (int64, uint64) {
	return new(big.Int).Rsh(n, 64).Int64(), new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
}

func number(t *rapid.T, name string) *big.Int {
	hi := rapid.OneOf(rapid.Just(int64(0)), rapid.Just(int64(-1)), rapid.Int64()).Draw(t, name+" high")
	return digest.Whole(hi, rapid.Uint64().Draw(t, name+" low"))
}

// TestSumsNeverRound whatever is added, and in whatever order.
func TestSumsNeverRound(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var sides [2]exact
		var products [2]exact
		sum, product := new(big.Int), new(big.Int)
		for range rapid.IntRange(0, 20).Draw(rt, "n") {
			a, b := number(rt, "a"), number(rt, "b")
			sum.Add(sum, a)
			product.Add(product, new(big.Int).Mul(a, b))
			i := rapid.IntRange(0, 1).Draw(rt, "side")
			ah, al := parts(a)
			bh, bl := parts(b)
			sides[i].add(ah, al)
			products[i].product(ah, al, bh, bl)
		}
		sides[0].merge(sides[1])
		products[0].merge(products[1])
		require.Equal(rt, sum.String(), sides[0].total().String())
		require.Equal(rt, product.String(), products[0].total().String())
	})
}

func TestPoint(t *testing.T) {
	for want, c := range map[string]struct {
		n     int64
		scale int
	}{"0": {0, 0}, "0.000000": {0, 6}, "-0.05": {-5, 2}, "12.34": {1234, 2}, "-7": {-7, 0}, "0.10": {10, 2}} {
		assert.Equal(t, want, point(big.NewInt(c.n), c.scale))
	}
}

// TestRunsAreTheSet of numbers that were added, by any readers in any order.
func TestRunsAreTheSet(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		from := rapid.SampledFrom([]int64{0, -20, math.MinInt64, math.MaxInt64 - 30}).Draw(rt, "from")
		draw := func(name string) ([]int64, *runs) {
			offsets := rapid.SliceOfN(rapid.Int64Range(0, 30), 1, 40).Draw(rt, name)
			var all []int64
			readers := []*runs{{}, {}}
			for _, n := range offsets {
				all = append(all, from+n)
				readers[rapid.IntRange(0, 1).Draw(rt, "reader")].add(from+n, from+n)
			}
			readers[0].merge(readers[1])
			return all, readers[0]
		}
		set := func(all []int64) []int64 {
			return slices.Compact(slices.Sorted(slices.Values(all)))
		}
		spread := func(pieces []run) (out []int64) {
			for _, p := range pieces {
				for n := p.from; ; n++ {
					out = append(out, n)
					if n == p.to {
						break
					}
				}
			}
			return out
		}
		a, x := draw("a")
		b, y := draw("b")
		require.Equal(rt, set(a), spread(x.pieces))
		require.EqualValues(rt, len(a)-len(set(a)), x.repeats)
		var missing []int64
		for _, n := range set(b) {
			if !slices.Contains(a, n) {
				missing = append(missing, n)
			}
		}
		require.Equal(rt, missing, spread(x.lacks(y)))
		var between []int64
		for n := slices.Min(a); n < slices.Max(a); n++ {
			if !slices.Contains(a, n) {
				between = append(between, n)
			}
		}
		require.Equal(rt, between, spread(x.gaps()))
		require.LessOrEqual(rt, len(x.twice), Named)
	})
}

// listed is a side of keys alone, read by two.
type listed []string

func (l listed) Read(_ context.Context, worker func() func(Record) error) (Cost, error) {
	readers := []func(Record) error{worker(), worker()}
	for i, k := range l {
		key := digest.AppendText(nil, k)
		if k == "" {
			key = digest.AppendNull(nil)
		}
		if err := readers[i%2](Record{Key: key}); err != nil {
			return Cost{}, err
		}
	}
	return Cost{Rows: int64(len(l))}, nil
}

// TestEveryKeyThatIsThereTwiceIsFound however little is held at a time.
func TestEveryKeyThatIsThereTwiceIsFound(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		u := Unique{Slots: rapid.IntRange(1, 8).Draw(rt, "slots"), Hold: rapid.IntRange(1, 50).Draw(rt, "hold")}
		keys := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) string {
			return fmt.Sprintf("k%d", rapid.IntRange(0, 80).Draw(rt, "key"))
		}), 0, 120).Draw(rt, "keys")
		times := map[string]int{}
		for _, k := range keys {
			times[k]++
		}
		double := 0
		for _, n := range times {
			if n > 1 {
				double++
			}
		}
		results, err := u.Run(context.Background(), Input{Name: "t", Rows: listed(keys)})
		require.NoError(rt, err)
		require.Equal(rt, fmt.Sprint(double), results[0].Actual)
		require.Equal(rt, answer(double == 0), results[0].Answer)
	})
}

func TestARowWithoutAKeyIsViolated(t *testing.T) {
	results, err := Unique{}.Run(t.Context(), Input{Name: "t", Key: []string{"k"}, Rows: listed{"a", "", ""}})
	require.NoError(t, err)
	assert.Equal(t, events.Violated, results[0].Answer)
	assert.Contains(t, results[0].Evidence, "2 rows have no key")
}

// growing has a row more at each reading.
type growing struct{ n int }

func (g *growing) Read(ctx context.Context, worker func() func(Record) error) (Cost, error) {
	g.n++
	return listed(slices.Repeat([]string{"a"}, g.n+1)).Read(ctx, worker)
}

func TestReadingsOfTwoSnapshotsAreNoAnswer(t *testing.T) {
	_, err := Unique{}.Run(t.Context(), Input{Name: "t", Rows: &growing{}})
	require.ErrorContains(t, err, "of one snapshot")
}

func TestWhatIsHeldIsBounded(t *testing.T) {
	columns := []Column{{Name: "at"}, {Name: "n"}, {Name: "d"}}
	var rows rowsOf
	for i := range int64(20) {
		forms := digest.AppendInt(digest.AppendInstant(nil, i*2_000_000), i*2)
		rows = append(rows, digest.AppendDecimal(forms, 0, 1))
	}
	in := Input{Columns: columns, Log: rows, Rows: rows}
	_, err := Sums{Time: "at", Every: 1_000_000_000, Price: "d", Quantity: "d", Limit: 5}.Run(t.Context(), in)
	require.ErrorContains(t, err, "more than 5 windows")
	_, err = Sequence{Column: "n", Runs: 5}.Run(t.Context(), in)
	require.ErrorContains(t, err, "more than 5 pieces")
	_, err = Sums{Time: "at", Price: "d", Quantity: "d"}.Run(t.Context(), in)
	require.ErrorIs(t, err, ErrNothing)
	results, err := Sequence{Column: "n"}.Run(t.Context(), Input{Columns: columns, Rows: rows})
	require.NoError(t, err)
	assert.Equal(t, events.Violated, results[0].Answer, "without a log there may be no gap")
	assert.Equal(t, "19", results[0].Actual)
	results, err = Sequence{Column: "n"}.Run(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, events.Holds, results[0].Answer, "the log has the same gaps")
}

// rowsOf is a side of values alone.
type rowsOf [][]byte

func (r rowsOf) Read(_ context.Context, worker func() func(Record) error) (Cost, error) {
	each := worker()
	for _, v := range r {
		if err := each(Record{Values: v}); err != nil {
			return Cost{}, err
		}
	}
	return Cost{Rows: int64(len(r))}, nil
}

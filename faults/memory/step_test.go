package memory

import (
	"testing"

	"pgregory.net/rapid"
)

// group is a made-up control group with a limit, and one above it.
type group struct {
	limit, aim int64
	others     int64 // what the target and others have
}

// TestStepsNeverGoAbove: whatever the target does, no step goes above an aim,
// all that is held is given back before the target has to, and once the target
// rests the fullest level is filled.
func TestStepsNeverGoAbove(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		share := rapid.Float64Range(0.01, 0.99).Draw(t, "share")
		groups := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) group {
			limit := rapid.Int64Range(least, 64<<30).Draw(t, "limit")
			return group{limit: limit, aim: int64(share * float64(limit))}
		}), 1, 3).Draw(t, "levels")
		fillers := make([]int64, rapid.IntRange(1, 3).Draw(t, "fillers"))
		look := func() []level {
			var sum int64
			for _, h := range fillers {
				sum += h
			}
			out := make([]level, len(groups))
			for i, g := range groups {
				out[i] = level{limit: g.limit, aim: g.aim, usage: g.others + sum}
			}
			return out
		}
		for range rapid.IntRange(1, 5).Draw(t, "phases") {
			for i := range groups {
				groups[i].others = rapid.Int64Range(0, groups[i].limit).Draw(t, "others")
			}
			for n := 0; ; n++ {
				rested := true
				for i, held := range fillers {
					levels := look()
					by := change(levels, held)
					if by < -held {
						t.Fatalf("gives back %d of %d", -by, held)
					}
					fillers[i] += by
					after := fullest(look())
					if by > 0 && after.usage > after.aim {
						t.Fatalf("a step of %d goes %d above the aim", by, after.usage-after.aim)
					}
					if by < 0 && after.usage > after.aim && fillers[i] > 0 {
						t.Fatalf("holds %d while %d above the aim", fillers[i], after.usage-after.aim)
					}
					rested = rested && by == 0
				}
				if rested {
					break
				}
				if n > 20_000 {
					t.Fatal("it never comes to rest")
				}
			}
			if l := fullest(look()); !l.filled() {
				t.Fatalf("at rest %d below the aim of %d", l.aim-l.usage, l.aim)
			}
		}
	})
}

// TestStepsOfManyAtOnce: fillers that all look before any of them takes its
// step go above none of the aims either, up to four.
func TestStepsOfManyAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int64Range(least, 64<<30).Draw(t, "limit")
		l := level{limit: limit, aim: limit / 10 * 9, usage: rapid.Int64Range(0, limit).Draw(t, "usage")}
		n := rapid.Int64Range(1, 4).Draw(t, "fillers")
		if by := change([]level{l}, 0); l.usage+n*by > l.aim && by > 0 {
			t.Fatalf("%d steps of %d go %d above", n, by, l.usage+n*by-l.aim)
		}
	})
}

func TestWithoutALimitNothingIsHeld(t *testing.T) {
	if by := change(nil, 7); by != -7 {
		t.Errorf("changes by %d, want all of it back", by)
	}
}

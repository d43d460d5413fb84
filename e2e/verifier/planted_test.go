package verifier_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/checks"
	"github.com/k2-platform/faultline/sandbox/defect"
)

// size is how much one run has.
type size struct {
	trades int64
	rate   int // a second; ingestion takes what the machine gives
	batch  int // records of a batch of the sink
	spoilt int // of each flaw
}

func sizeNow() size {
	if long() {
		return size{trades: 20_000, rate: 100_000, batch: 250, spoilt: 5}
	}
	return size{trades: 1_000, rate: 100_000, batch: 100, spoilt: 2}
}

// TestEveryPlantedDefectIsFound by the class and the checks that are to find it,
// and by no other: as many records as the sink said that it damaged, and these.
func TestEveryPlantedDefectIsFound(t *testing.T) {
	covered := map[defect.Defect]bool{}
	var mu sync.Mutex
	var lines []line
	t.Run("each", func(t *testing.T) {
		for _, c := range cases() {
			covered[c.defect] = true
			t.Run(string(c.defect), func(t *testing.T) {
				t.Parallel()
				l := plant(t, c, sizeNow())
				mu.Lock()
				defer mu.Unlock()
				lines = append(lines, l)
			})
		}
	})
	for d, about := range defect.All() {
		assert.Equal(t, about.Service == "sink", covered[d], "defect %s", d)
	}
	slices.SortFunc(lines, func(a, b line) int { return order(a.defect) - order(b.defect) })
	t.Logf("\n%s", tableOf(lines))
	if *update && !t.Failed() {
		writePages(t, sizeNow(), lines)
	}
}

// order is that of cases.
func order(d defect.Defect) int {
	return slices.IndexFunc(cases(), func(c planted) bool { return c.defect == d })
}

// plant runs one defect and closes its books.
func plant(t *testing.T, c planted, s size) line {
	t.Helper()
	w, dice, began := newWorld(t), rand.New(rand.NewPCG(1, 2)), time.Now() //nolint:gosec // repeatability is wanted, not secrecy
	w.ingest(7, s.trades, s.rate)
	for n := range s.spoilt {
		w.acked(s.trades * int64(n) / int64(s.spoilt))
		w.spoil(dice, 1, flaws()...)
	}
	w.acked(s.trades)
	what := c.defect
	if c.every > 0 && !long() {
		what = what.In(c.every)
	}
	sinks := w.startSink("sink", s.batch, what)
	w.drained()
	said := sinks.said()
	if c.defect != defect.CommitThenCrash { // that one starts from zero
		assert.EqualValues(t, len(said), sinks.planted(c.defect), "what the sink counts is what it logs")
	}
	l := line{defect: c.defect, rate: defect.Set{what}.Every(c.defect), took: time.Since(began)}
	r, results := w.audit(), w.check()
	l.violated, l.unknown = names(answers(results, events.Violated)), names(answers(results, events.Unknown))
	want := outcome{}
	want.add(account.CorruptedRejected, w.flawed(flaws()...))
	if c.expect != nil {
		for class, all := range c.expect(w, said) {
			want.add(class, all)
		}
	}
	if c.named != "" {
		assertNamed(t, results, c.named, said)
	}
	if c.unreadable {
		assert.Equal(t, events.Unknown, r.Answer(), "a file is gone")
		assert.Contains(t, r.Why(), "table: ")
		l.planted, l.found = len(said), len(said) // by assertNamed
	} else {
		all := int(s.trades) + len(w.spoilt)
		assertOutcome(t, want, all, r)
		assertDiffer(t, c.differ, r)
		assert.Equal(t, want.answer(), r.Answer())
		l.tell(want, placesOf(r))
	}
	if c.late {
		l.late(t, w, said, want)
	}
	assertChecks(t, c, results)
	assert.Positive(t, l.planted, "nothing was damaged, so nothing was shown")
	t.Logf("%+v", l)
	return l
}

// assertChecks holds the checks that do not hold against those that may not.
func assertChecks(t *testing.T, c planted, results []checks.Result) {
	t.Helper()
	for answer, want := range map[events.Answer][]string{events.Violated: c.violated, events.Unknown: c.unknown} {
		found := answers(results, answer)
		for _, may := range c.may {
			delete(found, may)
		}
		slices.Sort(want)
		assert.Equal(t, want, names(found), "%s: %s", answer, evidence(results, answer))
	}
}

// evidence is what the checks of an answer say.
func evidence(results []checks.Result, a events.Answer) (out string) {
	for _, r := range results {
		if r.Answer == a {
			out += fmt.Sprintf("\n%s: expected %s, found %s: %s", r.Check, r.Expected, r.Actual, r.Evidence)
		}
	}
	return out
}

// assertNamed holds what a check names against what the sink damaged.
func assertNamed(t *testing.T, results []checks.Result, check string, said []damage) {
	t.Helper()
	i := slices.IndexFunc(results, func(r checks.Result) bool { return r.Check == check })
	require.NotEqual(t, -1, i, check)
	assert.Equal(t, fmt.Sprint(len(said)), results[i].Actual, results[i].Evidence)
	named := 0
	for _, d := range said {
		if strings.Contains(results[i].Evidence, cmp.Or(d.File, fmt.Sprint(d.Snapshot))) {
			named++
		}
	}
	assert.Equal(t, min(len(said), checks.Named), named, results[i].Evidence)
}

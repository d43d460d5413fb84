//go:build failpoint

package matrix_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/failpoint"
)

// cell is one death at one point, and what came of it.
type cell struct {
	point failpoint.Point
	death death
}

type result struct {
	gone   time.Duration // from the death
	inside bool          // a fault was in place at the death
	failed bool
}

func TestMatrix(t *testing.T) {
	o := optionsOf(t)
	t.Logf("MATRIX_SEED=%d", o.seed)
	cells := choose(o)
	var mu sync.Mutex
	results := map[string]map[string]result{}
	began := time.Now()
	t.Run("cells", func(t *testing.T) {
		for _, c := range cells {
			t.Run(string(c.point)+"/"+c.death.name, func(t *testing.T) {
				t.Parallel()
				r := result{failed: true}
				defer func() {
					mu.Lock()
					defer mu.Unlock()
					if results[string(c.point)] == nil {
						results[string(c.point)] = map[string]result{}
					}
					r.failed = r.failed || t.Failed()
					results[string(c.point)][c.death.name] = r
				}()
				r = run(t, c)
			})
		}
	})
	table := render(results)
	t.Logf("%d cells in %s\n%s", len(cells), time.Since(began).Round(time.Second), table)
	if o.update {
		require.NoError(t, os.WriteFile("../../docs/CRASH_MATRIX.md", []byte(page(table, len(cells), o)), 0o600))
	}
}

// choose lists the cells: every SIGKILL at every point, and of the rest all or
// a sample.
func choose(o options) []cell {
	var sure, rest []cell
	for _, p := range points() {
		for _, d := range deaths() {
			if d.kill {
				sure = append(sure, cell{p, d})
			} else {
				rest = append(rest, cell{p, d})
			}
		}
	}
	if o.full {
		return append(sure, rest...)
	}
	random := o.random()
	random.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	return append(sure, rest[:min(len(rest), o.sample)]...)
}

func render(results map[string]map[string]result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| # | point |")
	for _, d := range deaths() {
		fmt.Fprintf(&b, " %s |", d.name)
	}
	fmt.Fprintf(&b, "\n|--:|---|%s\n", strings.Repeat("--:|", len(deaths())))
	for i, p := range points() {
		fmt.Fprintf(&b, "| %d | %s |", i+1, p)
		for _, d := range deaths() {
			r, ok := results[string(p)][d.name]
			b.WriteString(" " + r.String(ok) + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// String is the time to removal in milliseconds; "–" is that nothing was in
// place at the death, an empty cell one that was not run.
func (r result) String(ran bool) string {
	switch {
	case !ran:
		return ""
	case r.failed:
		return "**failed**"
	case !r.inside:
		return "–"
	}
	return strconv.FormatInt(r.gone.Milliseconds(), 10)
}

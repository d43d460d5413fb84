//go:build failpoint

package matrix_test

import (
	"fmt"
	"strings"
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

func TestMatrix(t *testing.T) {
	o := optionsOf(t)
	t.Logf("MATRIX_SEED=%d", o.seed)
	cells := choose(o)
	results := newResults()
	began := time.Now()
	t.Run("cells", func(t *testing.T) {
		for _, c := range cells {
			t.Run(string(c.point)+"/"+c.death.name, func(t *testing.T) {
				t.Parallel()
				results.of(t, string(c.point), c.death.name, func() result { return run(t, c) })
			})
		}
	})
	table := render(results)
	t.Logf("%d cells in %s\n%s", len(cells), time.Since(began).Round(time.Second), table)
	if o.update {
		require.NoError(t, writePart(pointPart, page(table, len(cells), o)))
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

func render(results *results) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| # | point |")
	for _, d := range deaths() {
		fmt.Fprintf(&b, " %s |", d.name)
	}
	fmt.Fprintf(&b, "\n|--:|---|%s\n", strings.Repeat("--:|", len(deaths())))
	for i, p := range points() {
		fmt.Fprintf(&b, "| %d | %s |", i+1, p)
		for _, d := range deaths() {
			r, ok := results.get(string(p), d.name)
			b.WriteString(" " + r.String(ok) + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

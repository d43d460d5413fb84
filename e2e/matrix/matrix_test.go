//go:build failpoint

package matrix_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
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

// flags of the test binary.
func options() (full bool, seed uint64, update bool) {
	return *fullFlag, *seedFlag, *updateFlag
}

var (
	fullFlag   = flag.Bool("full", false, "every death at every point, rather than every SIGKILL and a sample")
	seedFlag   = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the sample")
	sampleFlag = flag.Int("sample", 24, "how many of the deaths that are no SIGKILL")
	updateFlag = flag.Bool("update", false, "write docs/CRASH_MATRIX.md")
)

func TestMatrix(t *testing.T) {
	full, seed, update := options()
	t.Logf("seed %d", seed)
	cells := choose(full, seed)
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
	if update {
		require.NoError(t, os.WriteFile("../../docs/CRASH_MATRIX.md", []byte(page(table, len(cells), seed, full)), 0o600))
	}
}

// choose lists the cells: every SIGKILL at every point, and of the rest all or
// a sample.
func choose(full bool, seed uint64) []cell {
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
	if full {
		return append(sure, rest...)
	}
	random := rand.New(rand.NewPCG(seed, 1))
	random.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	return append(sure, rest[:min(len(rest), *sampleFlag)]...)
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

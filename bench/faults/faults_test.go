// Package faults_test measures how long each fault takes to come and to go.
package faults_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/bench/machine"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/faults/faultstest/victim"
	"github.com/k2-platform/faultline/ledger"
)

func TestMain(m *testing.M) {
	victim.Role()
	os.Exit(m.Run())
}

// A fault is measured for so many rounds, or for so long.
const (
	rounds    = 200
	longest   = 12 * time.Second
	oneWithin = 30 * time.Second
)

// TestInjectAndRollback prints a table. Each figure is the time until the
// driver itself has seen the fault in place, or gone; a plan comes before and is
// not in it.
func TestInjectAndRollback(t *testing.T) {
	if os.Getenv("BENCH_FAULTS") == "" {
		t.Skip("not asked for: make bench-faults")
	}
	lines := []string{"", machine.String(), "", "| fault | inject p50 | p99 | rollback p50 | p99 | rounds |", "|---|--:|--:|--:|--:|--:|"}
	for _, c := range victim.All() {
		t.Run(c.Name, func(t *testing.T) {
			lines = append(lines, row(c.Name, measure(t, c)))
		})
	}
	fmt.Println(strings.Join(lines, "\n"))
}

// times are those of one fault's rounds, in their order.
type times struct{ inject, rollback []time.Duration }

func measure(t *testing.T, c victim.Case) times {
	t.Helper()
	v := c.Make(t)
	f := c.Fault
	f.Target = "victim"
	d, err := drivers.All(t.TempDir()).Of(f.Kind)
	require.NoError(t, err)
	var out times
	for end := time.Now().Add(longest); len(out.inject) < rounds && time.Now().Before(end); {
		ctx, stop := context.WithTimeout(t.Context(), oneWithin)
		r, err := d.Plan(ctx, f, v.Target)
		require.NoError(t, err)
		r.ID, r.Experiment, r.Step, r.Expires = "bench/"+rand.Text(), "bench", "step", ledger.Boottime()+time.Minute
		began := time.Now()
		require.NoError(t, d.Inject(ctx, r))
		there := time.Now()
		require.NoError(t, d.Rollback(ctx, r))
		out.inject, out.rollback = append(out.inject, there.Sub(began)), append(out.rollback, time.Since(there))
		stop()
	}
	return out
}

func row(name string, all times) string {
	cells := []string{"`" + name + "`"}
	for _, of := range [][]time.Duration{all.inject, all.rollback} {
		slices.Sort(of)
		for _, share := range []int{50, 99} {
			cells = append(cells, strconv.FormatFloat(of[(len(of)-1)*share/100].Seconds()*1e3, 'f', 1, 64)+" ms")
		}
	}
	return "| " + strings.Join(append(cells, strconv.Itoa(len(all.inject))), " | ") + " |"
}

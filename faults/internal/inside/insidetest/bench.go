package insidetest

import (
	"crypto/rand"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// Bench measures how long injections and rollbacks of a fault take, each until
// it is seen, on a process that rests in a group.
func Bench(b *testing.B, g cgroup.Group, d faults.Driver, f spec.Fault) {
	b.Helper()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	rests, err := process.Start(b.Context(), process.Record{Name: "child", Command: []string{"sleep", "600"}})
	must(err)
	b.Cleanup(func() { must(process.Signal(rests, syscall.SIGKILL)) })
	must(g.Join(rests.PID))
	record := filepath.Join(b.TempDir(), "child.json")
	must(rests.Write(record))
	Times(b, d, f, spec.Target{Process: &spec.Process{Record: record}})
}

// Times is Bench on a target that is there.
func Times(b *testing.B, d faults.Driver, f spec.Fault, t spec.Target) {
	b.Helper()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	var inject, rollback []time.Duration
	for b.Loop() {
		r, err := d.Plan(b.Context(), f, t)
		must(err)
		r.ID, r.Expires = "bench/"+rand.Text(), ledger.Boottime()+time.Minute
		began := time.Now()
		must(d.Inject(b.Context(), r))
		there := time.Now()
		must(d.Rollback(b.Context(), r))
		inject, rollback = append(inject, there.Sub(began)), append(rollback, time.Since(there))
	}
	for name, all := range map[string][]time.Duration{"inject": inject, "rollback": rollback} {
		slices.Sort(all)
		for of, share := range map[string]int{"p50": 50, "p99": 99} {
			b.ReportMetric(float64(all[(len(all)-1)*share/100].Microseconds())/1000, name+"-"+of+"-ms")
		}
	}
}

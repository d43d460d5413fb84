package network_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/network"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// BenchmarkDriver measures injection and rollback, each until it is seen: by
// rules alone, and by a proxy. A keeper is this test binary, whose start is
// slower than the light binary's.
func BenchmarkDriver(b *testing.B) {
	for name, kind := range map[string]string{"rules": network.Partition, "proxy": network.Delay} {
		for _, part := range []string{"plan", "inject", "rollback"} {
			b.Run(name+"/"+part, func(b *testing.B) { measure(b, kind, part) })
		}
	}
}

func measure(b *testing.B, kind, part string) {
	b.Helper()
	s := newStage(b)
	d := s.driver(kind)
	b.ResetTimer()
	b.StopTimer()
	timed := func(is string, do func() error) {
		if is == part {
			b.StartTimer()
			defer b.StopTimer()
		}
		require.NoError(b, do())
	}
	for range b.N {
		var r faults.Receipt
		timed("plan", func() (err error) {
			r, err = d.Plan(b.Context(), spec.Fault{Kind: kind, Target: "x"}, s.target(spec.Network{Ports: []int{broken}}))
			return err
		})
		r.ID, r.Expires = "bench/"+part, ledger.Boottime()+ledger.Boottime()
		timed("inject", func() error { return d.Inject(b.Context(), r) })
		timed("rollback", func() error { return d.Rollback(b.Context(), r) })
	}
}

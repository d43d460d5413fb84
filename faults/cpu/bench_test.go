package cpu_test

import (
	"testing"

	"github.com/k2-platform/faultline/faults/cpu"
	"github.com/k2-platform/faultline/faults/internal/inside/insidetest"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/cgroup/cgrouptest"
	"github.com/k2-platform/faultline/spec"
)

func BenchmarkSaturate(b *testing.B) {
	insidetest.Bench(b, cgrouptest.Make(b, cgroup.CPU), cpu.Saturate{Dir: b.TempDir()}, spec.Fault{Kind: cpu.SaturateKind, Target: "child"})
}

func BenchmarkThrottle(b *testing.B) {
	insidetest.Bench(b, cgrouptest.Make(b, cgroup.CPU), cpu.Throttle{Dir: b.TempDir()}, spec.Fault{Kind: cpu.ThrottleKind, Target: "child"})
}

package memory_test

import (
	"testing"

	"github.com/k2-platform/faultline/faults/internal/inside/insidetest"
	"github.com/k2-platform/faultline/faults/memory"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/cgroup/cgrouptest"
	"github.com/k2-platform/faultline/spec"
)

// BenchmarkFill fills 90 % of 1 GiB.
func BenchmarkFill(b *testing.B) {
	g := cgrouptest.Make(b, cgroup.Memory)
	cgrouptest.Limit(b, g, 1<<30)
	insidetest.Bench(b, g, memory.Driver{Dir: b.TempDir()}, spec.Fault{Kind: memory.Kind, Target: "child"})
}

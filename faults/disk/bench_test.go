package disk_test

import (
	"testing"

	"github.com/k2-platform/faultline/faults/disk"
	"github.com/k2-platform/faultline/faults/internal/inside/insidetest"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/cgroup/cgrouptest"
	"github.com/k2-platform/faultline/internal/roottest"
)

// BenchmarkFull fills a disk of 64 MiB, and one of 1 GiB that is memory.
func BenchmarkFull(b *testing.B) {
	b.Run("ext4", func(b *testing.B) {
		dir := b.TempDir()
		mount(b, image(b), dir)
		insidetest.Times(b, disk.Full{Dir: b.TempDir()}, full(), target(dir))
	})
	b.Run("tmpfs", func(b *testing.B) {
		dir := b.TempDir()
		roottest.Disk(b, dir, "1g")
		insidetest.Times(b, disk.Full{Dir: b.TempDir()}, full(), target(dir))
	})
}

// BenchmarkSlow sets one limit.
func BenchmarkSlow(b *testing.B) {
	dir := b.TempDir()
	mount(b, image(b), dir)
	insidetest.Bench(b, cgrouptest.Make(b, cgroup.IO), disk.Slow{Dir: b.TempDir()}, slow(dir, "write_bytes_per_second", "1MiB"))
}

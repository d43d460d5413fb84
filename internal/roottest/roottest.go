// Package roottest is for tests that need rights which not everybody has.
package roottest

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// Need ends a test that lacks a right: what it was doing gave err. It is
// skipped, or fails where FAULTLINE_REQUIRE_ROOT=1 says that all must run. A
// nil err is none.
func Need(tb testing.TB, doing string, err error) {
	tb.Helper()
	switch {
	case err == nil:
	case os.Getenv("FAULTLINE_REQUIRE_ROOT") == "1":
		tb.Fatalf("%s: %v; run this as root", doing, err)
	default:
		tb.Skipf("%s: %v", doing, err)
	}
}

// Disk makes a folder a disk of its own until the test ends, of a size such as
// 512k, to be filled. What is begun after it has to end before.
func Disk(tb testing.TB, dir, size string) {
	tb.Helper()
	Need(tb, "mounting a disk to fill", unix.Mount("faultline", dir, "tmpfs", 0, "size="+size))
	tb.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			tb.Error(err)
		}
	})
}

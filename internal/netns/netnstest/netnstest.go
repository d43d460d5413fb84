// Package netnstest makes network namespaces for tests.
package netnstest

import (
	"fmt"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/roottest"
)

// New makes a namespace with loopback alone and gives the path that it can be
// opened by until the test ends. Without the right to it the test is skipped,
// or fails where FAULTLINE_REQUIRE_ROOT=1 says that all must run.
func New(tb testing.TB) string {
	tb.Helper()
	f, err := Make()
	roottest.Need(tb, "making a network namespace", err)
	tb.Cleanup(func() { _ = f.Close() })
	return Path(f)
}

// Path is where a namespace can be opened that the test's process holds.
func Path(f *os.File) string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd()) }

// Make makes a namespace with loopback alone, that lives as long as the file
// is open.
func Make() (*os.File, error) {
	type made struct {
		file *os.File
		err  error
	}
	out := make(chan made)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			out <- made{err: err}
			return
		}
		if _, err := up("lo"); err != nil {
			out <- made{err: fmt.Errorf("setting loopback up: %w", err)}
			return
		}
		f, err := os.Open("/proc/thread-self/ns/net")
		out <- made{f, err}
	}()
	m := <-out
	return m.file, m.err
}

// up sets a device of the thread's namespace up, and gives its number.
func up(device string) (index uint32, err error) {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = unix.Close(s) }()
	r, err := unix.NewIfreq(device)
	if err != nil {
		return 0, err
	}
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, r); err != nil {
		return 0, err
	}
	err = unix.IoctlIfreq(s, unix.SIOCGIFINDEX, r)
	return r.Uint32(), err
}

// Package netnstest makes network namespaces for tests.
package netnstest

import (
	"fmt"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/netns"
	"github.com/k2-platform/faultline/internal/roottest"
)

// New makes a namespace with loopback alone and gives the path that it can be
// opened by until the test ends. Without the right to it the test is skipped,
// or fails where FAULTLINE_REQUIRE_ROOT=1 says that all must run.
func New(t *testing.T) string {
	t.Helper()
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
		f, err := os.Open("/proc/thread-self/ns/net")
		out <- made{f, err}
	}()
	m := <-out
	roottest.Need(t, "making a network namespace", m.err)
	t.Cleanup(func() { _ = m.file.Close() })
	path := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), m.file.Fd())
	ns, err := netns.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ns.Close() }()
	if err := ns.Do(loopbackUp); err != nil {
		t.Fatalf("setting loopback up: %v", err)
	}
	return path
}

func loopbackUp() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(s) }()
	r, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, r)
}

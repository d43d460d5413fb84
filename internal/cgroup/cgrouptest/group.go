// Package cgrouptest makes control groups for tests, on whichever version this
// machine has, which takes root.
package cgrouptest

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/roottest"
)

// Make makes a group of a controller, below that of the test itself, until
// the test ends. It must be empty by then.
func Make(tb testing.TB, c cgroup.Controller) cgroup.Group {
	tb.Helper()
	own, err := cgroup.FS{}.Of(os.Getpid(), c)
	roottest.Need(tb, "finding the control group of the test", err)
	return Below(tb, cgroup.Group{Dir: own.Top, Top: own.Top, V2: own.V2}, c)
}

// Below is Make within a group.
func Below(tb testing.TB, above cgroup.Group, c cgroup.Controller) cgroup.Group {
	tb.Helper()
	g := cgroup.Group{Dir: filepath.Join(above.Dir, "faultline-test-"+rand.Text()), Top: above.Top, V2: above.V2}
	if g.V2 {
		roottest.Need(tb, "turning a controller on", os.WriteFile(filepath.Join(above.Dir, "cgroup.subtree_control"), []byte("+"+c), 0o600))
	}
	roottest.Need(tb, "making a control group", os.Mkdir(g.Dir, 0o750))
	tb.Cleanup(func() { remove(tb, g) })
	return g
}

// remove waits for the last process to be gone from the group: it leaves a
// little after its end is seen.
func remove(tb testing.TB, g cgroup.Group) {
	tb.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	for {
		err := os.Remove(g.Dir)
		if err == nil || errors.Is(err, os.ErrNotExist) {
			return
		}
		if !errors.Is(err, unix.EBUSY) || !pause.For(ctx, time.Millisecond) {
			tb.Errorf("removing a control group: %v", err)
			return
		}
	}
}

// Limit gives a group so many bytes of memory.
func Limit(tb testing.TB, g cgroup.Group, bytes int64) {
	tb.Helper()
	Set(tb, g, map[bool]string{true: "memory.max", false: "memory.limit_in_bytes"}[g.V2], strconv.FormatInt(bytes, 10))
}

// Set writes a file of a group.
func Set(tb testing.TB, g cgroup.Group, file, text string) {
	tb.Helper()
	if err := os.WriteFile(filepath.Join(g.Dir, file), []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}

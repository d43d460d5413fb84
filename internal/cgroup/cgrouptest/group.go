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
func Make(t *testing.T, c cgroup.Controller) cgroup.Group {
	t.Helper()
	own, err := cgroup.FS{}.Of(os.Getpid(), c)
	roottest.Need(t, "finding the control group of the test", err)
	return Below(t, cgroup.Group{Dir: own.Top, Top: own.Top, V2: own.V2}, c)
}

// Below is Make within a group.
func Below(t *testing.T, above cgroup.Group, c cgroup.Controller) cgroup.Group {
	t.Helper()
	g := cgroup.Group{Dir: filepath.Join(above.Dir, "faultline-test-"+rand.Text()), Top: above.Top, V2: above.V2}
	if g.V2 {
		roottest.Need(t, "turning a controller on", os.WriteFile(filepath.Join(above.Dir, "cgroup.subtree_control"), []byte("+"+c), 0o600))
	}
	roottest.Need(t, "making a control group", os.Mkdir(g.Dir, 0o750))
	t.Cleanup(func() { remove(t, g) })
	return g
}

// remove waits for the last process to be gone from the group: it leaves a
// little after its end is seen.
func remove(t *testing.T, g cgroup.Group) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	for {
		err := os.Remove(g.Dir)
		if err == nil || errors.Is(err, os.ErrNotExist) {
			return
		}
		if !errors.Is(err, unix.EBUSY) || !pause.For(ctx, time.Millisecond) {
			t.Errorf("removing a control group: %v", err)
			return
		}
	}
}

// Limit gives a group so many bytes of memory.
func Limit(t *testing.T, g cgroup.Group, bytes int64) {
	t.Helper()
	Set(t, g, map[bool]string{true: "memory.max", false: "memory.limit_in_bytes"}[g.V2], strconv.FormatInt(bytes, 10))
}

// Set writes a file of a group.
func Set(t *testing.T, g cgroup.Group, file, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(g.Dir, file), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

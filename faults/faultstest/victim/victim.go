// Package victim has something to break for each kind of fault that can be had
// with Go alone, as root: for the tests that put every driver through the same.
// What is broken is looked at without Faultline.
package victim

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/spec"
)

// Victim is a target, until its test ends.
type Victim struct {
	Target spec.Target
	// Look says what anybody sees of it: the same whenever no fault is in place,
	// and something else while one is.
	Look func() (string, error)
	// Gone has it end as by a crash, for good. What a file or a kernel holds is
	// taken away with it. A second time is nothing.
	Gone func()
	// Outlived says that what a fault does to it is still there when it is gone,
	// where nobody can see or undo it.
	Outlived bool
	// Ends says that the fault itself is that it is gone.
	Ends bool
}

// Case is one kind of fault, and what it breaks.
type Case struct {
	Name  string // of the kind, and what else tells it from others
	Fault spec.Fault
	// Percent names a parameter that is a percentage; "": none is.
	Percent string
	// Nobody says that no right is needed, but what the target's own door asks.
	Nobody bool
	make   func(tb testing.TB, dir string) Victim
}

// Make makes a victim of its own.
func (c Case) Make(tb testing.TB) Victim {
	tb.Helper()
	return c.make(tb, openDir(tb))
}

// openDir is a folder that anybody may look into: what is refused to nobody is
// to be refused for the thing itself.
func openDir(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} {
		require.NoError(tb, os.Chmod(d, 0o755)) //nolint:gosec // a test's own
	}
	return dir
}

// served runs what serves a victim; what it returns ends it.
func served(tb testing.TB, serve func(context.Context) error) (gone func()) {
	tb.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(tb.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := serve(ctx); err != nil && ctx.Err() == nil {
			tb.Errorf("what serves a victim ended: %v", err)
		}
	}()
	gone = func() {
		stop()
		<-ended
	}
	tb.Cleanup(gone)
	return gone
}

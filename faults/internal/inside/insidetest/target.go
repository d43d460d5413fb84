// Package insidetest has targets in control groups of their own, for the
// tests of drivers that break them from within.
package insidetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// The environment of a target.
const (
	groupVariable = "FAULTLINE_TEST_GROUP" // folder that it goes into
	holdVariable  = "FAULTLINE_TEST_HOLD"  // file that says how many bytes it has
)

// Main is what TestMain does: the test binary is also the program that is
// broken, and the doer that breaks it when it is called with the command.
func Main(m *testing.M, command string, do func(io.Reader) error) {
	if len(os.Args) > 1 && os.Args[1] == command {
		fmt.Fprintln(os.Stderr, do(os.Stdin))
		os.Exit(1)
	}
	faultstest.MainBeside(m, within)
}

// within goes into the group that the test has made.
func within(ctx context.Context, _ string, ready func()) error {
	if dir := os.Getenv(groupVariable); dir != "" {
		if err := (cgroup.Group{Dir: dir}).Join(os.Getpid()); err != nil {
			return err
		}
	}
	ready()
	return grow(ctx, os.Getenv(holdVariable))
}

// In has the targets that the test starts from now on go into a group.
func In(t *testing.T, g cgroup.Group) {
	t.Helper()
	t.Setenv(groupVariable, g.Dir)
}

// Has says how many bytes the targets have, from now on, that the test has
// started since Growing.
func (g Grower) Has(t *testing.T, bytes int) {
	t.Helper()
	if err := process.WriteFile(g.file, []byte(strconv.Itoa(bytes)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Grower says how much memory targets take.
type Grower struct{ file string }

// Growing has the targets that the test starts from now on take memory.
func Growing(t *testing.T) Grower {
	t.Helper()
	g := Grower{filepath.Join(t.TempDir(), "bytes")}
	t.Setenv(holdVariable, g.file)
	g.Has(t, 0)
	return g
}

// Inject plans and injects a fault with a minute to live. It is rolled back
// when the test ends.
func Inject(t *testing.T, d faults.Driver, target *faultstest.Target, f spec.Fault) faults.Receipt {
	t.Helper()
	r := Plan(t, d, target, f)
	if err := d.Inject(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return r
}

// Plan is Inject without an injection.
func Plan(t *testing.T, d faults.Driver, target *faultstest.Target, f spec.Fault) faults.Receipt {
	t.Helper()
	f.Target = faultstest.Name
	r, err := d.Plan(t.Context(), f, target.Spec)
	if err != nil {
		t.Fatal(err)
	}
	r.ID = "test/" + rand.Text()
	r.Experiment, r.Step, r.Expires = "test", r.ID, ledger.Boottime()+time.Minute
	t.Cleanup(func() {
		if err := d.Rollback(context.Background(), r); err != nil {
			t.Errorf("rolling back after the test: %v", err)
		}
	})
	return r
}

// Until waits for something to come about.
func Until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); <-time.After(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

// Doer is the process that a receipt names.
func Doer(t *testing.T, r faults.Receipt) process.Record {
	t.Helper()
	p, err := process.Read(r.Undo["doer"])
	if err != nil {
		t.Fatal(err)
	}
	return p
}

package drivers_test

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/faults/faultstest/victim"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// bad is one kind of fault on a victim of its own.
type bad struct {
	t      *testing.T
	dir    string // of what drivers keep
	driver faults.Driver
	fault  spec.Fault
	victim victim.Victim
	whole  string // what the victim looks like without a fault
}

// each runs a test for each kind of fault. Afterwards nothing of a fault may be
// left, whatever came of it.
func each(t *testing.T, test func(t *testing.T, c victim.Case, b *bad)) {
	t.Helper()
	t.Run("kinds", func(t *testing.T) { eachAtOnce(t, test) })
	require.Eventually(t, func() bool { return len(children(t)) == 0 }, soon, 5*time.Millisecond, "processes are left: %v", children(t))
}

func eachAtOnce(t *testing.T, test func(t *testing.T, c victim.Case, b *bad)) {
	t.Helper()
	for _, c := range victim.All() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			b := &bad{t: t, dir: t.TempDir(), fault: c.Fault, victim: c.Make(t)}
			b.fault.Target = "victim"
			var err error
			b.driver, err = drivers.All(b.dir).Of(c.Fault.Kind)
			require.NoError(t, err)
			b.whole, err = b.victim.Look()
			require.NoError(t, err)
			test(t, c, b)
			b.nothingLeft()
		})
	}
}

// soon bounds what a driver may take.
const soon = 10 * time.Second

func (b *bad) ctx() context.Context {
	ctx, stop := context.WithTimeout(b.t.Context(), soon)
	b.t.Cleanup(stop)
	return ctx
}

func (b *bad) plan() faults.Receipt {
	b.t.Helper()
	r, err := b.driver.Plan(b.ctx(), b.fault, b.victim.Target)
	require.NoError(b.t, err)
	r.ID = "bad/" + rand.Text()
	r.Experiment, r.Step, r.Expires = "bad", r.ID, ledger.Boottime()+time.Minute
	return r
}

func (b *bad) inject(r faults.Receipt) {
	b.t.Helper()
	require.NoError(b.t, b.driver.Inject(b.ctx(), r))
	b.looks(false)
}

func (b *bad) rollBack(r faults.Receipt) {
	b.t.Helper()
	require.NoError(b.t, b.driver.Rollback(b.ctx(), r))
}

// looks waits for the victim to look whole, or not: what a driver has seen done
// others may see a moment later.
func (b *bad) looks(whole bool) {
	b.t.Helper()
	var got string
	require.Eventually(b.t, func() bool {
		var err error
		got, err = b.victim.Look()
		return err == nil && (got == b.whole) == whole
	}, 5*time.Second, 2*time.Millisecond, "whole it looks %q; that it looks so now is to be %v", b.whole, whole)
}

// nothingLeft looks for files that drivers keep.
func (b *bad) nothingLeft() {
	b.t.Helper()
	var left []string
	require.Eventually(b.t, func() bool {
		left = filesBelow(b.t, b.dir)
		return len(left) == 0
	}, 5*time.Second, 5*time.Millisecond, "left behind: %s", &left)
}

func filesBelow(t *testing.T, dir string) (all []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil // gone since it was listed
		}
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	}))
	return all
}

// children are the processes that a driver started from this binary.
func children(t *testing.T) (all []string) {
	t.Helper()
	self, err := os.Stat("/proc/self/exe")
	require.NoError(t, err)
	exes, err := filepath.Glob("/proc/[0-9]*/exe")
	require.NoError(t, err)
	for _, exe := range exes {
		is, err := os.Stat(exe)
		if err != nil || !os.SameFile(self, is) || exe == "/proc/"+pid()+"/exe" {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(exe), "cmdline"))
		all = append(all, exe+" "+strings.ReplaceAll(string(line), "\x00", " "))
	}
	return all
}

func TestATargetThatIsGoneIsRefused(t *testing.T) {
	each(t, func(t *testing.T, _ victim.Case, b *bad) {
		t.Helper()
		b.victim.Gone()
		_, err := b.driver.Plan(b.ctx(), b.fault, b.victim.Target)
		require.Error(t, err)
		t.Log(err)
		require.NoError(t, context.Cause(b.ctx()), "it is said at once")
	})
}

// TestATargetThatGoesBeforeInjection: what ends its target says so, or finds
// that nothing is left to do; all else cannot be injected.
func TestATargetThatGoesBeforeInjection(t *testing.T) {
	each(t, func(t *testing.T, _ victim.Case, b *bad) {
		t.Helper()
		r := b.plan()
		b.victim.Gone()
		err := b.driver.Inject(b.ctx(), r)
		t.Log(err)
		if !b.victim.Ends {
			require.Error(t, err)
		}
		err = b.driver.Rollback(b.ctx(), r)
		if b.victim.Outlived {
			require.Error(t, err, "nobody can say whether it is there")
			forget(t, b.dir)
			return
		}
		require.NoError(t, err)
	})
}

func TestATargetThatGoesUnderTheFault(t *testing.T) {
	each(t, func(t *testing.T, _ victim.Case, b *bad) {
		t.Helper()
		if b.victim.Ends {
			t.Skip("that is the fault")
		}
		r := b.plan()
		b.inject(r)
		b.victim.Gone()
		err := b.driver.Rollback(b.ctx(), r)
		if b.victim.Outlived && b.victim.Target.Table == nil { // of a table that is gone with its folder no file is missed
			require.Error(t, err, "what nobody can reach is not undone")
			t.Log(err)
			forget(t, b.dir)
			return
		}
		require.NoError(t, err)
		got, err := b.driver.Probe(b.ctx(), r)
		require.NoError(t, err)
		assert.Equal(t, faults.Absent.String(), got.String())
	})
}

// forget takes away what a driver keeps as long as a fault may be in place.
func forget(t *testing.T, dir string) {
	t.Helper()
	for _, path := range filesBelow(t, dir) {
		require.NoError(t, os.Remove(path))
	}
}

func TestTwoFaultsOnOneTargetGoInAnyOrder(t *testing.T) {
	each(t, func(t *testing.T, _ victim.Case, b *bad) {
		t.Helper()
		for name, first := range map[string]int{"the first goes first": 0, "the second goes first": 1} {
			all := []faults.Receipt{b.plan()}
			b.inject(all[0])
			second, err := b.driver.Plan(b.ctx(), b.fault, b.victim.Target)
			if err == nil {
				second.ID = "bad/" + rand.Text()
				second.Experiment, second.Step, second.Expires = "bad", second.ID, ledger.Boottime()+time.Minute
				all = append(all, second)
				err = b.driver.Inject(b.ctx(), second)
			}
			if err != nil {
				require.ErrorIs(t, err, faults.ErrRefused, name)
				t.Logf("%s: %v", name, err)
			}
			if first > 0 {
				slices.Reverse(all)
			}
			for i, r := range all {
				if err := b.driver.Rollback(b.ctx(), r); err != nil { // it waits for another's to go first
					require.Zero(t, i, "%v", err)
					all = append(all, r)
					t.Logf("%s: %v", name, err)
				}
			}
			for _, r := range all {
				b.rollBack(r)
			}
			b.looks(true)
		}
	})
}

func TestAPercentageAboveAHundredIsRefused(t *testing.T) {
	each(t, func(t *testing.T, c victim.Case, b *bad) {
		t.Helper()
		if c.Percent == "" {
			t.Skip("it takes none")
		}
		for _, text := range []string{"101%", "-1%", "NaN"} {
			f := b.fault
			f.With = maps.Clone(f.With)
			if f.With == nil {
				f.With = map[string]string{}
			}
			f.With[c.Percent] = text
			_, err := b.driver.Plan(b.ctx(), f, b.victim.Target)
			require.ErrorIs(t, err, faults.ErrRefused, text)
			require.ErrorContains(t, err, c.Percent)
			require.ErrorContains(t, err, "write")
		}
	})
}

func TestANamespaceThatDoesNotExistIsRefused(t *testing.T) {
	all := drivers.All(t.TempDir())
	for kind, breaks := range drivers.Breaks() {
		if !slices.Contains(breaks, spec.NetworkKind) {
			continue
		}
		f := spec.Fault{Kind: kind, Target: "victim"}
		for _, c := range victim.All() {
			if c.Fault.Kind == kind {
				f.With = c.Fault.With
			}
		}
		for name, at := range map[string]string{"none": filepath.Join(t.TempDir(), "none"), "another kind of file": "/proc/self/ns/uts", "a plain file": "/etc/hostname"} {
			_, err := all[kind].Plan(t.Context(), f, spec.Target{Network: &spec.Network{Namespace: at, Ports: []int{9092}}})
			require.ErrorIs(t, err, faults.ErrRefused, "%s on %s", kind, name)
			require.ErrorContains(t, err, at)
		}
	}
}

// TestADamagedReceiptOverwritesNothing damages what a rollback goes by, one
// thing after the other. Each time it puts back all, or nothing and says so.
func TestADamagedReceiptOverwritesNothing(t *testing.T) {
	each(t, func(t *testing.T, _ victim.Case, b *bad) {
		t.Helper()
		for _, key := range slices.Sorted(maps.Keys(b.plan().Undo)) {
			r := b.plan()
			b.inject(r)
			broken, err := b.victim.Look()
			require.NoError(t, err)
			worse := r
			worse.Undo = maps.Clone(r.Undo)
			worse.Undo[key] = "{damaged"
			ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
			err = b.driver.Rollback(ctx, worse)
			stop()
			now, lookErr := b.victim.Look()
			require.NoError(t, lookErr)
			if err != nil {
				assert.Contains(t, []string{broken, b.whole}, now, "%s damaged: %v", key, err)
			}
			assert.NoFileExists(t, worse.Undo[key], "%s is taken for a path", key)
			b.rollBack(r)
			b.looks(true)
		}
	})
}

// TestADamagedSnapshotOverwritesNothing damages each file that a driver keeps
// to put back what was.
func TestADamagedSnapshotOverwritesNothing(t *testing.T) {
	each(t, func(t *testing.T, _ victim.Case, b *bad) {
		t.Helper()
		if b.victim.Target.Table == nil {
			t.Skip("it keeps no copies")
		}
		r := b.plan()
		b.inject(r)
		broken, err := b.victim.Look()
		require.NoError(t, err)
		was := map[string][]byte{}
		for _, path := range filesBelow(t, b.dir) {
			if filepath.Base(path) == "lock" {
				continue // it holds nothing
			}
			was[path], err = os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, []byte("damaged"), 0o600))
		}
		if len(was) == 0 {
			b.rollBack(r)
			t.Skip("it keeps no copies: what it moves is in its receipt")
		}
		err = b.driver.Rollback(b.ctx(), r)
		now, lookErr := b.victim.Look()
		require.NoError(t, lookErr)
		if b.fault.With["what"] == "pointer" { // it goes back by the receipt alone
			require.NoError(t, err)
			assert.Equal(t, b.whole, now)
			return
		}
		require.Error(t, err)
		t.Log(err)
		assert.Equal(t, broken, now, "nothing is overwritten")
		for path, raw := range was {
			require.NoError(t, os.WriteFile(path, raw, 0o600))
		}
		b.rollBack(r)
		b.looks(true)
	})
}

package restartloop_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/restartloop"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == restartloop.Command {
		fmt.Fprintln(os.Stderr, restartloop.Loop(os.Stdin))
		os.Exit(1)
	}
	faultstest.Main(m)
}

func TestDriver(t *testing.T) {
	dir := t.TempDir()
	faultstest.Run(t, faultstest.Suite{
		Fault: spec.Fault{Kind: restartloop.Kind},
		New:   func() faults.Driver { return restartloop.Driver{Dir: dir} },
	})
}

func TestWhatIsStartedAgainIsKilledAgain(t *testing.T) {
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	d := restartloop.Driver{Dir: t.TempDir()}
	r, err := d.Plan(t.Context(), spec.Fault{Kind: restartloop.Kind, Target: faultstest.Name, With: map[string]string{"every": "300ms"}}, target.Spec)
	require.NoError(t, err)
	r.ID, r.Expires = "e/s", ledger.Boottime()+time.Minute
	t.Cleanup(func() { require.NoError(t, d.Rollback(context.Background(), r)) })
	require.NoError(t, d.Inject(t.Context(), r))
	for range 3 {
		again := target.Start(t)
		require.Eventually(t, func() bool { return !again.Alive() }, 10*time.Second, time.Millisecond)
		seen, err := d.Probe(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, faults.Present, seen)
	}
	require.NoError(t, d.Rollback(t.Context(), r))
	require.True(t, target.Healthy())
	mended := target.Processes(t)
	require.Len(t, mended, 1)
	require.Never(t, func() bool { return !mended[0].Alive() }, time.Second, 50*time.Millisecond)
}

func TestALoopEndsAtItsDeadline(t *testing.T) {
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	d := restartloop.Driver{Dir: t.TempDir()}
	r, err := d.Plan(t.Context(), spec.Fault{Kind: restartloop.Kind, Target: faultstest.Name}, target.Spec)
	require.NoError(t, err)
	r.ID, r.Expires = "e/s", ledger.Boottime()+2*time.Second
	require.NoError(t, d.Inject(t.Context(), r))
	require.Eventually(t, func() bool {
		seen, err := d.Probe(t.Context(), r)
		return err == nil && seen == faults.Absent
	}, 20*time.Second, 20*time.Millisecond)
	require.ErrorContains(t, d.Keep(t.Context(), r), "its time is over")
	require.NoError(t, d.Rollback(t.Context(), r))
	require.True(t, target.Healthy())
}

func TestAPlanIsRefusedWithAReason(t *testing.T) {
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	for _, text := range []string{"0s", "soon", "10ms", "-1s"} {
		_, err := restartloop.Driver{}.Plan(t.Context(), spec.Fault{Kind: restartloop.Kind, With: map[string]string{"every": text}}, target.Spec)
		require.ErrorIs(t, err, faults.ErrRefused)
		require.ErrorContains(t, err, "write a length of time from 100ms on")
	}
}

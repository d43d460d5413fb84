package kafkaproxy_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/kafkaproxy"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

func delayed(t *testing.T, target *faultstest.Target) (control.Driver, faults.Receipt) {
	t.Helper()
	d := kafkaproxy.Driver("kafka.delay")
	r, err := d.Plan(t.Context(), spec.Fault{Kind: d.Kind.Name, Target: faultstest.Name, With: map[string]string{"delay": "1s"}}, target.Spec)
	require.NoError(t, err)
	r.ID, r.Experiment, r.Step, r.Expires = "e/"+t.Name(), "e", "s", ledger.Boottime()+time.Minute
	return d, r
}

// TestAProxyThatWasStartedAgainIsAStranger: it is a plain one, and an
// injection that was planned for the life before breaks it not.
func TestAProxyThatWasStartedAgainIsAStranger(t *testing.T) {
	target := faultstest.NewTarget(t, faultstest.TargetConfig{As: as})
	d, r := delayed(t, target)
	require.NoError(t, d.Inject(t.Context(), r))
	target.Vanish(t)
	target.Start(t)
	got, err := d.Probe(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, faults.Absent, got)
	require.ErrorIs(t, d.Inject(t.Context(), r), faults.ErrRefused)
	require.Error(t, d.Keep(t.Context(), r))
	require.NoError(t, d.Rollback(t.Context(), r))
	_, again := delayed(t, target)
	require.NoError(t, d.Inject(t.Context(), again), "the id was lifted in another life; this one knows nothing of it")
	require.NoError(t, d.Rollback(t.Context(), again))
}

// TestOfAFrozenProxyNobodyCanSay: it is there, and may have the fault.
func TestOfAFrozenProxyNobodyCanSay(t *testing.T) {
	target := faultstest.NewTarget(t, faultstest.TargetConfig{As: as})
	d, r := delayed(t, target)
	require.NoError(t, d.Inject(t.Context(), r))
	all := target.Processes(t)
	require.Len(t, all, 1)
	require.NoError(t, process.Signal(all[0], syscall.SIGSTOP))
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	got, err := d.Probe(ctx, r)
	require.Error(t, err)
	assert.Equal(t, faults.Unseen, got)
	require.Error(t, d.Rollback(ctx, r), "it cannot be undone while nothing answers")
	require.NoError(t, process.Signal(all[0], syscall.SIGCONT))
	require.NoError(t, d.Rollback(t.Context(), r))
}

func TestAFaultIsKeptWhereItIs(t *testing.T) {
	target := faultstest.NewTarget(t, faultstest.TargetConfig{As: as})
	d, r := delayed(t, target)
	require.Error(t, d.Keep(t.Context(), r), "it was never there")
	require.NoError(t, d.Inject(t.Context(), r))
	require.NoError(t, d.Keep(t.Context(), r))
	require.NoError(t, d.Rollback(t.Context(), r))
	require.Error(t, d.Keep(t.Context(), r), "keeping brings nothing back")
	got, err := d.Probe(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, faults.Absent, got)
}

func TestAPlanIsRefusedWithTheProxysReason(t *testing.T) {
	target := faultstest.NewTarget(t, faultstest.TargetConfig{As: as})
	for want, f := range map[string]spec.Fault{
		"these clients are such: ingest": {Kind: "kafka.drop", With: map[string]string{"topic": "numbered", "direction": "produce"}},
		"clients skip a record":          {Kind: "kafka.duplicate", With: map[string]string{"direction": "fetch"}},
		"delay is missing":               {Kind: "kafka.delay"},
	} {
		f.Target = faultstest.Name
		_, err := kafkaproxy.Driver(f.Kind).Plan(t.Context(), f, target.Spec)
		require.ErrorIs(t, err, faults.ErrRefused, f.Kind)
		require.ErrorContains(t, err, want)
	}
}

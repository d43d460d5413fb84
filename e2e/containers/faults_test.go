//go:build e2e

package containers_test

import (
	"context"
	"encoding/json"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// within is how long the container takes to answer with a fault that does not
// silence it.
const within = time.Second

func TestEveryFaultOnAContainerIsSeenAndUndone(t *testing.T) {
	build(t)
	silent := func(w world) error { return expect(w.answers(within) != nil, "it answers") }
	cut := func(w world) error { return expect(w.reached() != nil, "its peer reaches it") }
	slow := func(w world) error {
		began := time.Now()
		if err := w.answers(10 * time.Second); err != nil {
			return err
		}
		return expect(time.Since(began) > 500*time.Millisecond, "it answers at once")
	}
	restarted := func(w world) error {
		was := w.started()
		for end := time.Now().Add(patience); w.started() == was; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				return errorString("it is restarted once only")
			}
		}
		return nil
	}
	for _, c := range []struct {
		kind string
		on   spec.TargetKind
		with map[string]string
		hurt func(world) error // nil: by Probe alone
	}{
		{"process.stop", spec.ContainerKind, map[string]string{"grace": "3s"}, silent},
		{"process.kill", spec.ContainerKind, nil, silent},
		{"process.pause", spec.ContainerKind, nil, silent},
		{"process.restart_loop", spec.ContainerKind, map[string]string{"every": "500ms"}, restarted},
		{"network.disconnect", spec.ContainerKind, nil, cut},
		{"memory.fill", spec.ContainerKind, map[string]string{"to": "80%"}, nil},
		{"cpu.saturate", spec.ContainerKind, nil, nil},
		{"cpu.throttle", spec.ContainerKind, map[string]string{"to": "20%"}, nil},
		{"network.partition", spec.NetworkKind, nil, silent},
		{"network.loss", spec.NetworkKind, map[string]string{"share": "100%"}, silent},
		{"network.delay", spec.NetworkKind, map[string]string{"delay": "600ms"}, slow},
		{"network.bandwidth", spec.NetworkKind, map[string]string{"bytes_per_second": "4KiB"}, nil},
		{"network.reset", spec.NetworkKind, nil, silent},
	} {
		t.Run(c.kind, func(t *testing.T) {
			w := newWorld(t)
			before := w.seen()
			d, err := drivers.All(t.TempDir()).Of(c.kind)
			require.NoError(t, err)
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			r := plan(t, d, spec.Fault{Kind: c.kind, Target: "box", With: c.with}, w.target(c.on))
			require.NoError(t, w.answers(patience))
			require.NoError(t, d.Inject(ctx, r))
			sees(t, d, r, faults.Present)
			if c.hurt != nil {
				require.NoError(t, c.hurt(w))
			}
			began := time.Now()
			require.NoError(t, d.Rollback(ctx, r))
			t.Logf("rolled back in %s", time.Since(began).Round(time.Millisecond))
			sees(t, d, r, faults.Absent)
			w.eventually("it is well", func() bool { return w.health(w.box) == "healthy" && w.answers(within) == nil && w.reached() == nil })
			assert.Equal(t, before, w.seen())
		})
	}
}

// What the restart policy brings back is not broken: the injection says so.
func TestAContainerThatItsPolicyBroughtBackIsNoticed(t *testing.T) {
	build(t)
	w := newWorld(t)
	d, err := drivers.All(t.TempDir()).Of("process.kill")
	require.NoError(t, err)
	r := plan(t, d, spec.Fault{Kind: "process.kill", Target: "box"}, w.target(spec.ContainerKind))
	started := w.started()
	var pid int
	require.NoError(t, json.Unmarshal([]byte(docker(t, "inspect", "-f", "{{.State.Pid}}", w.box)), &pid))
	p, err := process.Record{Name: "box", PID: pid}.Identified()
	require.NoError(t, err)
	require.NoError(t, process.Signal(p, syscall.SIGKILL)) // as a crash, not as the engine does
	w.eventually("its policy brings it back", func() bool {
		return w.started() != started && w.answers(within) == nil
	})
	err = d.Inject(t.Context(), r)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "its restart policy is always")
	sees(t, d, r, faults.Absent)
	require.NoError(t, d.Rollback(t.Context(), r))
	require.NoError(t, w.answers(within))
}

func plan(t *testing.T, d faults.Driver, f spec.Fault, target spec.Target) faults.Receipt {
	t.Helper()
	r, err := d.Plan(t.Context(), f, target)
	require.NoError(t, err)
	r.ID, r.Experiment, r.Step, r.Expires = "e2e/"+f.Kind, "e2e", f.Kind, ledger.Boottime()+2*time.Minute
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		assert.NoError(t, d.Rollback(ctx, r))
	})
	return r
}

func sees(t *testing.T, d faults.Driver, r faults.Receipt, want faults.Presence) {
	t.Helper()
	got, err := d.Probe(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, want.String(), got.String())
}

func expect(is bool, otherwise string) error {
	if is {
		return nil
	}
	return errorString(otherwise)
}

type errorString string

func (e errorString) Error() string { return string(e) }

package container_test

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/container"
	"github.com/k2-platform/faultline/faults/kill"
	"github.com/k2-platform/faultline/faults/pause"
	"github.com/k2-platform/faultline/faults/restartloop"
	"github.com/k2-platform/faultline/faults/stop"
	"github.com/k2-platform/faultline/internal/docker"
	"github.com/k2-platform/faultline/internal/docker/dockertest"
	"github.com/k2-platform/faultline/spec"
)

// bench is an engine with one container, and all drivers.
type bench struct {
	*dockertest.Engine

	t       *testing.T
	target  spec.Target
	drivers map[string]faults.Driver
}

func newBench(t *testing.T) bench {
	t.Helper()
	e, err := dockertest.Open("")
	require.NoError(t, err)
	require.NoError(t, e.Add("box", map[string]docker.Place{"front": at("10.1.0.7", "fd00::7"), "back": at("10.2.0.7", "")}, nil))
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	return bench{e, t, spec.Target{Container: &spec.Container{Engine: strings.Replace(s.URL, "http:", "tcp:", 1), Name: "box"}}, driversOf(t.TempDir())}
}

func (b bench) plan(kind string, with map[string]string) (faults.Receipt, error) {
	r, err := b.drivers[kind].Plan(b.t.Context(), spec.Fault{Kind: kind, Target: "box", With: with}, b.target)
	r.ID = "e/s"
	return r, err
}

func (b bench) must(kind string, with map[string]string) (faults.Receipt, faults.Driver) {
	b.t.Helper()
	r, err := b.plan(kind, with)
	require.NoError(b.t, err)
	return r, b.drivers[kind]
}

func TestAPlanIsRefusedWithAReason(t *testing.T) {
	for name, c := range map[string]struct {
		kind   string
		with   map[string]string
		change func(*dockertest.Container)
		want   string
	}{
		"it has ended":            {stop.Kind, nil, func(c *dockertest.Container) { c.State.Running, c.State.Status = false, "exited" }, "is exited"},
		"it is paused":            {kill.Kind, nil, func(c *dockertest.Container) { c.State.Paused = true }, "is paused; let it go on first"},
		"it is paused already":    {pause.Kind, nil, func(c *dockertest.Container) { c.State.Paused = true }, "is paused"},
		"it crashes":              {kill.Kind, nil, func(c *dockertest.Container) { c.State.Restarting = true }, "keeps restarting"},
		"it would be removed":     {stop.Kind, nil, func(c *dockertest.Container) { c.HostConfig.AutoRemove = true }, "removes container box when it ends"},
		"no kill wanted":          {stop.Kind, map[string]string{"escalate": "false"}, nil, "the engine kills a container that outlasts its grace"},
		"a bad grace":             {stop.Kind, map[string]string{"grace": "soon"}, nil, "no length of time"},
		"the host's network":      {container.DisconnectKind, nil, func(c *dockertest.Container) { c.HostConfig.NetworkMode = "host" }, "its mode is host"},
		"another's network":       {container.DisconnectKind, nil, func(c *dockertest.Container) { c.HostConfig.NetworkMode = "container:a" }, "its mode is container:a"},
		"no network":              {container.DisconnectKind, nil, func(c *dockertest.Container) { c.Nets = nil }, "is on no network"},
		"an unknown network":      {container.DisconnectKind, map[string]string{"network": "frnt"}, nil, "write one of back, front"},
		"an address of no choice": {container.DisconnectKind, nil, func(c *dockertest.Container) { c.Nets["front"] = docker.Place{} }, "write address: any"},
		"no such address":         {container.DisconnectKind, map[string]string{"address": "none"}, nil, "write same or any"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			if c.change != nil {
				b.Change("box", c.change)
			}
			_, err := b.plan(c.kind, c.with)
			require.ErrorIs(t, err, faults.ErrRefused)
			require.ErrorContains(t, err, c.want)
		})
	}
	b := newBench(t)
	b.Remove("box")
	_, err := b.plan(kill.Kind, nil)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "there is no container box")
}

func TestAContainerThatIsStartedAgainIsNoticed(t *testing.T) {
	for _, kind := range []string{stop.Kind, kill.Kind} {
		b := newBench(t)
		b.Change("box", func(c *dockertest.Container) { c.HostConfig.RestartPolicy.Name = "always" })
		r, d := b.must(kind, nil)
		b.Revive = true
		err := d.Inject(t.Context(), r)
		require.ErrorIs(t, err, faults.ErrRefused)
		require.ErrorContains(t, err, "started again by somebody else since this was planned (its restart policy is always)")
		seen, err := d.Probe(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, faults.Absent, seen)
		started := b.Now("box").State.StartedAt
		require.NoError(t, d.Rollback(t.Context(), r))
		assert.Equal(t, started, b.Now("box").State.StartedAt, "it was well, and is left alone")
		_, err = os.Stat(r.Undo["mark"])
		require.ErrorIs(t, err, os.ErrNotExist)
	}
}

// The name belongs to another container now.
func TestAnotherContainerOfTheNameIsLeftAlone(t *testing.T) {
	for kind := range driversOf("") {
		b := newBench(t)
		r, d := b.must(kind, nil)
		b.Remove("box")
		require.NoError(t, b.Add("box", map[string]docker.Place{"front": {}, "back": {}}, nil))
		before := b.Now("box")
		err := d.Inject(t.Context(), r)
		require.ErrorIs(t, err, faults.ErrRefused, kind)
		require.ErrorContains(t, err, "was removed since this was planned")
		require.NoError(t, d.Rollback(t.Context(), r), kind)
		assert.Equal(t, before, b.Now("box"), kind)
		seen, err := d.Probe(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, faults.Absent, seen, kind)
	}
}

func TestOneThatWasStartedAnewIsNotBroken(t *testing.T) {
	for kind := range driversOf("") {
		if kind == restartloop.Kind {
			continue // which starts it anew anyway, over and over
		}
		b := newBench(t)
		r, d := b.must(kind, nil)
		b.Change("box", func(c *dockertest.Container) { c.State.StartedAt = "later" })
		require.ErrorIs(t, d.Inject(t.Context(), r), faults.ErrRefused, kind)
		require.NoError(t, d.Rollback(t.Context(), r), kind)
	}
}

func TestRollbackWaitsForTheContainersOwnCheck(t *testing.T) {
	b := newBench(t)
	b.Change("box", func(c *dockertest.Container) { c.State.Health = &docker.Health{Status: "healthy"} })
	r, d := b.must(kill.Kind, nil)
	require.NoError(t, d.Inject(t.Context(), r))
	b.Change("box", func(c *dockertest.Container) { c.State.Health = &docker.Health{Status: "starting"} })
	done := make(chan error, 1)
	go func() { done <- d.Rollback(t.Context(), r) }()
	require.Eventually(t, func() bool { return b.Now("box").State.Running }, 5*time.Second, time.Millisecond)
	select {
	case err := <-done:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	b.Change("box", func(c *dockertest.Container) { c.State.Health = &docker.Health{Status: "healthy"} })
	require.NoError(t, <-done)
}

func TestAContainerComesBackToItsPlaces(t *testing.T) {
	b := newBench(t)
	before := b.Now("box").Nets
	was := map[string]docker.Place{"front": before["front"], "back": before["back"]}
	r, d := b.must(container.DisconnectKind, map[string]string{"network": "front"})
	require.NoError(t, d.Inject(t.Context(), r))
	assert.NotContains(t, b.Now("box").Nets, "front")
	assert.Contains(t, b.Now("box").Nets, "back")
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, was, b.Now("box").Nets)

	r, d = b.must(container.DisconnectKind, nil)
	require.NoError(t, d.Inject(t.Context(), r))
	assert.Empty(t, b.Now("box").Nets)
	b.Remove("front") // needs no rollback
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, map[string]docker.Place{"back": was["back"]}, b.Now("box").Nets)
}

func TestWhatTheEngineRefusesIsTold(t *testing.T) {
	b := newBench(t)
	r, d := b.must(container.DisconnectKind, nil)
	require.NoError(t, d.Inject(t.Context(), r))
	b.Says("POST /networks/front/connect", dockertest.Answer{Status: 500, Body: `{"message": "address in use"}`})
	require.ErrorContains(t, d.Rollback(t.Context(), r), "network front: ")
	b.Says("POST /networks/front/connect", dockertest.Answer{})
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Len(t, b.Now("box").Nets, 2)
}

func TestNoProcessIsTakenForTheContainers(t *testing.T) {
	b := newBench(t)
	b.Change("box", func(c *dockertest.Container) { c.State.PID = os.Getpid() })
	_, err := container.Found{}.Namespace(t.Context(), spec.Network{Container: b.target.Container})
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "the agent must run on the engine's machine")
	_, err = container.Found{}.Find(t.Context(), faults.Kind{}, spec.Fault{}, b.target)
	require.ErrorIs(t, err, faults.ErrRefused)
}

package docker_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/internal/docker"
	"github.com/k2-platform/faultline/internal/docker/dockertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, h http.Handler) *docker.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := docker.Open(strings.Replace(s.URL, "http:", "tcp:", 1))
	require.NoError(t, err)
	return c
}

func TestAContainerGoesThroughItsStates(t *testing.T) {
	e, err := dockertest.Open("")
	require.NoError(t, err)
	place := docker.Place{IPAM: &docker.Addresses{IPv4: "10.1.0.7"}, Aliases: []string{"sink"}, DriverOpts: map[string]string{"a": "b"}}
	require.NoError(t, e.Add("box", map[string]docker.Place{"front": place}, nil))
	c, ctx := open(t, e), t.Context()
	look := func() docker.Container {
		t.Helper()
		got, err := c.Inspect(ctx, "box")
		require.NoError(t, err)
		return got
	}
	first := look()
	assert.Equal(t, "box", first.Name)
	assert.True(t, first.State.Running)
	assert.True(t, first.State.Healthy(), "it has no check")
	require.NoError(t, c.Pause(ctx, "box"))
	assert.True(t, look().State.Paused)
	require.ErrorIs(t, c.Pause(ctx, "box"), docker.ErrConflict)
	require.NoError(t, c.Unpause(ctx, "box"))
	require.NoError(t, c.Stop(ctx, first.ID, 1500*time.Millisecond))
	require.NoError(t, c.Stop(ctx, first.ID, time.Second), "it is so already")
	require.ErrorIs(t, c.Kill(ctx, "box"), docker.ErrConflict)
	assert.False(t, look().State.Running)
	require.NoError(t, c.Start(ctx, "box"))
	second := look().State.StartedAt
	assert.NotEqual(t, first.State.StartedAt, second)
	require.NoError(t, c.Restart(ctx, "box"))
	assert.True(t, look().State.Running)
	assert.NotEqual(t, second, look().State.StartedAt)

	require.NoError(t, c.Disconnect(ctx, "front", "box"))
	assert.Empty(t, look().Settings.Networks)
	require.Error(t, c.Disconnect(ctx, "front", "box"))
	require.NoError(t, c.Connect(ctx, "front", "box", place))
	assert.Equal(t, first.Settings, look().Settings)
	require.NoError(t, c.HasNetwork(ctx, "front"))
	require.ErrorIs(t, c.HasNetwork(ctx, "none"), docker.ErrNotFound)
	_, err = c.Inspect(ctx, "nobody")
	require.ErrorIs(t, err, docker.ErrNotFound)
	require.ErrorContains(t, err, "No such container: nobody")
}

func TestAnOddAnswerIsAnError(t *testing.T) {
	for name, answer := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"a page":            {200, "<html>hello</html>", "reading its answer"},
		"nothing":           {200, "", "reading its answer"},
		"another thing":     {200, `{"Id": ""}`, "no answer of a container engine"},
		"no state":          {200, `{"Id": "a"}`, "no answer of a container engine"},
		"another shape":     {200, `[1]`, "reading its answer"},
		"a refusal":         {500, `{"message": "out of luck"}`, "500: out of luck"},
		"a refusal, mute":   {503, ``, "503 Service Unavailable"},
		"a place elsewhere": {302, ``, "302"},
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(answer.status)
				_, _ = w.Write([]byte(answer.body))
			}))
			_, err := c.Inspect(t.Context(), "box")
			require.ErrorContains(t, err, answer.want)
			require.NotErrorIs(t, err, docker.ErrNotFound)
		})
	}
}

func TestAnEngineThatIsNotThereIsAnError(t *testing.T) {
	c, err := docker.Open("unix://" + t.TempDir() + "/nobody.sock")
	require.NoError(t, err)
	_, err = c.Inspect(t.Context(), "box")
	require.ErrorContains(t, err, "nobody.sock")
	for _, engine := range []string{"", "/var/run/docker.sock", "unix://host/path", "ssh://host", "tcp://", "unix:///a\nb"} {
		_, err := docker.Open(engine)
		require.Error(t, err, engine)
	}
}

// A name may not lead to another path of the API.
func TestANameIsOnePartOfThePath(t *testing.T) {
	c := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/containers/a%2F..%2Fb%3Fc/start", r.URL.EscapedPath())
		w.WriteHeader(http.StatusNoContent)
	}))
	require.NoError(t, c.Start(t.Context(), "a/../b?c"))
}

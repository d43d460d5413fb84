package control_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/internal/guard"
)

// serve answers at an address until end is called.
func serve(t *testing.T, address, token string) (d *control.Desk[rule.Rule], e *engine, at string, end func()) {
	t.Helper()
	e = &engine{}
	d = control.New(control.Config[rule.Rule]{Read: e.read(false), Engine: e, BootID: boot, Now: func() time.Duration { return 0 }})
	l, err := control.Listen(t.Context(), address)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- control.Serve(ctx, l, d, token) }()
	at = address
	if l.Addr().Network() == "tcp" {
		at = "http://" + l.Addr().String()
	}
	ended := false
	end = func() {
		if !ended {
			ended = true
			stop()
			require.NoError(t, <-done)
		}
	}
	t.Cleanup(end)
	return d, e, at, end
}

func socket(t *testing.T) string {
	t.Helper()
	return "unix://" + filepath.Join(t.TempDir(), control.SocketFile)
}

func TestAClientAsksOverASocket(t *testing.T) {
	d, e, at, end := serve(t, socket(t), "")
	info, err := os.Stat(strings.TrimPrefix(at, "unix://"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	c := control.Client{Address: at}
	run, err := c.Plan(t.Context(), control.Question{Kind: "kafka.reset"})
	require.NoError(t, err)
	assert.Equal(t, d.RunID(), run)
	c.Run = run
	got, err := c.Put(t.Context(), "e/s", delay())
	require.NoError(t, err)
	assert.True(t, got.InForce)
	assert.Equal(t, []string{"e/s"}, e.ids())
	require.NoError(t, c.Keep(t.Context(), "e/s"))
	got, err = c.Get(t.Context(), "e/s")
	require.NoError(t, err)
	assert.Equal(t, delay().With, got.With)
	all, err := c.Status(t.Context())
	require.NoError(t, err)
	require.Len(t, all.Faults, 1)
	assert.Equal(t, uint64(1), all.Faults[0].Count.Seen)

	require.NoError(t, c.Lift(t.Context(), "e/s"))
	assert.Empty(t, e.ids())
	_, err = c.Put(t.Context(), "e/s", delay())
	require.ErrorIs(t, err, control.ErrLifted)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorIs(t, c.Keep(t.Context(), "e/s"), control.ErrLifted)
	_, err = c.Plan(t.Context(), control.Question{Kind: "kafka.duplicate", With: map[string]string{"direction": "fetch"}})
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "clients skip")

	other := control.Client{Address: at, Run: "another"}
	_, err = other.Put(t.Context(), "e/t", delay())
	require.ErrorIs(t, err, control.ErrOtherRun)
	assert.Empty(t, e.ids())

	end()
	_, err = c.Get(t.Context(), "e/s")
	require.ErrorIs(t, err, control.ErrGone)
}

func TestASocketHasOneProxy(t *testing.T) {
	at := socket(t)
	_, _, _, _ = serve(t, at, "")
	_, err := control.Listen(t.Context(), at)
	require.ErrorContains(t, err, "claimed already by the proxy with pid")
}

// TestADeadProxysSocketIsTakenOver: one that was killed left its file.
func TestADeadProxysSocketIsTakenOver(t *testing.T) {
	at := socket(t)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", strings.TrimPrefix(at, "unix://"))
	require.NoError(t, err)
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	require.NoError(t, l.Close())
	_, err = control.Client{Address: at}.Status(t.Context())
	require.ErrorIs(t, err, control.ErrGone)
	_, _, _, _ = serve(t, at, "")
	_, err = control.Client{Address: at}.Status(t.Context())
	require.NoError(t, err)
}

func TestALoopbackAsksForItsToken(t *testing.T) {
	home := t.TempDir()
	token, err := guard.Token(home)
	require.NoError(t, err)
	_, _, at, end := serve(t, "http://127.0.0.1:0", token)
	file := filepath.Join(home, guard.TokenFile)
	_, err = control.Client{Address: at, TokenFile: file}.Status(t.Context())
	require.NoError(t, err)
	_, err = control.Client{Address: at}.Status(t.Context())
	require.ErrorContains(t, err, "write the token")
	require.NoError(t, os.Remove(file))
	_, err = control.Client{Address: at, TokenFile: file}.Status(t.Context())
	require.ErrorContains(t, err, file, "it says which token is missing")
	require.NotErrorIs(t, err, control.ErrGone)
	end()
	_, err = control.Client{Address: at, TokenFile: file}.Status(t.Context())
	require.ErrorIs(t, err, control.ErrGone, "a proxy that is gone asks for no token")
}

func TestAnAddressIsOfThisMachine(t *testing.T) {
	for _, bad := range []string{"", "http://10.0.0.1:9000", "http://example.com:80", "https://127.0.0.1:1", "unix://rel/path", "127.0.0.1:1", "http://127.0.0.1", "unix:///" + strings.Repeat("p", 108)} {
		_, err := control.Listen(t.Context(), bad)
		require.Error(t, err, bad)
		_, err = control.Client{Address: bad}.Status(t.Context())
		require.Error(t, err, bad)
		require.NotErrorIs(t, err, control.ErrGone, bad)
	}
}

func TestWhatIsAskedBadlyIsRefused(t *testing.T) {
	e := &engine{}
	h := guard.Local(control.Handler(control.New(control.Config[rule.Rule]{Read: e.read(false), Engine: e, BootID: boot, Now: func() time.Duration { return 0 }})))
	good := `{"experiment":"e","step":"s","kind":"kafka.reset","boot_id":"this-boot","expires_ns":5,"lease":"1s"}`
	for name, c := range map[string]struct {
		method, path, body string
		change             func(*http.Request)
		want               int
	}{
		"good":             {"PUT", "/v1/faults/e%2Fs", good, nil, 200},
		"an unknown field": {"PUT", "/v1/faults/r", `{"experimnt":"e"}`, nil, 400},
		"two values":       {"PUT", "/v1/faults/r", good + good, nil, 400},
		"a bare lease":     {"PUT", "/v1/faults/r", strings.Replace(good, `"1s"`, `1`, 1), nil, 400},
		"a large body":     {"PUT", "/v1/faults/r", strings.Repeat(" ", 64<<10) + good, nil, 400},
		"no JSON":          {"PUT", "/v1/faults/r", good, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415},
		"a foreign host":   {"GET", "/v1/faults", "", func(r *http.Request) { r.Host = "evil.example" }, 403},
		"a foreign page":   {"DELETE", "/v1/faults/r", "", func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, 403},
		"a bad receipt":    {"PUT", "/v1/faults/a%20b", good, nil, 422},
		"another way":      {"PATCH", "/v1/faults/r", good, nil, 405},
		"another life":     {"PUT", "/v1/faults/r?run=x", good, nil, 410},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), c.method, "http://127.0.0.1:1"+c.path, strings.NewReader(c.body))
			r.Header.Set("Content-Type", "application/json")
			if c.change != nil {
				c.change(r)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			assert.Equal(t, c.want, w.Code, w.Body.String())
		})
	}
	assert.Equal(t, []string{"e/s"}, e.ids())
}

// TestAProxyThatEndsUnderARequestIsGone: what a process leaves in its backlog
// as it ends is reset. The client asks again instead of not knowing.
func TestAProxyThatEndsUnderARequestIsGone(t *testing.T) {
	at := socket(t)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", strings.TrimPrefix(at, "unix://"))
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 2 {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close() // what was asked is unread: the client's connection is reset
		}
		_ = l.Close()
	}()
	err = control.Client{Address: at}.Lift(t.Context(), "r")
	_ = l.Close() // where the client gave up
	<-done
	require.ErrorIs(t, err, control.ErrGone)
}

//go:build e2e

package e2e_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/spec"
)

// engine is the container engine at DOCKER_HOST, or at Docker's default socket.
type engine struct {
	t  *testing.T
	at string
}

func engineOf(t *testing.T) engine {
	t.Helper()
	e := engine{t, cmp.Or(os.Getenv("DOCKER_HOST"), spec.DefaultEngine)}
	require.True(t, strings.HasPrefix(e.at, "unix://"), "DOCKER_HOST is %s: the agent breaks containers of this machine, so name the engine's socket", e.at)
	return e
}

// call asks the engine's API. What was meant to be removed and is not there is
// no error.
func (e engine) call(method, path string, in, out any) {
	e.t.Helper()
	body, err := json.Marshal(in)
	require.NoError(e.t, err)
	ctx := context.WithoutCancel(e.t.Context()) // also for what ends a test
	req, err := http.NewRequestWithContext(ctx, method, "http://engine"+path, bytes.NewReader(body))
	require.NoError(e.t, err)
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", strings.TrimPrefix(e.at, "unix://"))
	}}}
	res, err := client.Do(req)
	require.NoError(e.t, err, "no engine answers at %s", e.at)
	said, err := io.ReadAll(res.Body)
	require.NoError(e.t, err)
	require.NoError(e.t, res.Body.Close())
	if method == http.MethodDelete && res.StatusCode == http.StatusNotFound {
		return
	}
	require.Less(e.t, res.StatusCode, 300, "%s %s: %s", method, path, said)
	if out != nil {
		require.NoError(e.t, json.Unmarshal(said, out))
	}
}

// docker runs Docker's command line on the engine.
func (e engine) docker(args ...string) string {
	e.t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(e.t.Context()), "docker", append([]string{"-H", e.at}, args...)...) //nolint:gosec // of the test
	cmd.Env = append(os.Environ(), "DOCKER_BUILDKIT=0")
	out, err := cmd.CombinedOutput()
	require.NoError(e.t, err, "docker %s: %s", strings.Join(args, " "), out)
	return strings.TrimSpace(string(out))
}

//go:build e2e

package containers_test

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/spec"
)

const (
	image    = "faultline-e2e-box"
	patience = 20 * time.Second
)

func engine() string { return cmp.Or(os.Getenv("DOCKER_HOST"), spec.DefaultEngine) }

func docker(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "docker", append([]string{"-H", engine()}, args...)...) //nolint:gosec // of the test
	cmd.Env = append(os.Environ(), "DOCKER_BUILDKIT=0")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "docker %s: %s", strings.Join(args, " "), out)
	return strings.TrimSpace(string(out))
}

// build makes the image of this test's program.
func build(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	self, err := os.Open("/proc/self/exe")
	require.NoError(t, err)
	defer func() { require.NoError(t, self.Close()) }()
	program, err := os.OpenFile(filepath.Join(dir, "box"), os.O_CREATE|os.O_WRONLY, 0o700) //nolint:gosec // a program
	require.NoError(t, err)
	_, err = io.Copy(program, self)
	require.NoError(t, err)
	require.NoError(t, program.Close())
	text := "FROM scratch\nCOPY box /box\nHEALTHCHECK --interval=500ms --timeout=2s --retries=20 CMD [\"/box\", \"" + check + "\"]\nENTRYPOINT [\"/box\"]\nCMD [\"" + serve + "\"]\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(text), 0o600))
	docker(t, "build", "-q", "-t", image, dir)
}

// world is two containers on a network of their own; the first one is broken.
type world struct {
	t              *testing.T
	net, box, peer string
}

const address = "10.214.7.10"

func newWorld(t *testing.T, more ...string) world {
	t.Helper()
	name := "faultline-e2e-" + strings.ToLower(strings.NewReplacer("/", "-", ".", "-", "_", "-").Replace(t.Name()))
	w := world{t, name, name + "-box", name + "-peer"}
	docker(t, "network", "create", "--subnet", "10.214.7.0/24", w.net)
	t.Cleanup(func() { docker(t, "network", "rm", w.net) })
	run := func(name string, args ...string) {
		t.Helper()
		docker(t, append(append([]string{"run", "-d", "--name", name, "--network", w.net}, args...), image)...)
		t.Cleanup(func() { docker(t, "rm", "-f", name) })
	}
	run(w.box, append([]string{"--ip", address, "--network-alias", "sink", "--memory", "96m", "--restart", "always"}, more...)...)
	run(w.peer)
	w.eventually("both are well", func() bool { return w.health(w.box) == "healthy" && w.health(w.peer) == "healthy" })
	return w
}

func (w world) eventually(what string, ok func() bool) {
	w.t.Helper()
	require.Eventually(w.t, ok, patience, 50*time.Millisecond, what)
}

func (w world) health(name string) string {
	return docker(w.t, "inspect", "-f", "{{.State.Health.Status}}", name)
}

func (w world) started() string {
	return docker(w.t, "inspect", "-f", "{{.State.StartedAt}}", w.box)
}

// answers says whether the box answers this machine within the time.
func (w world) answers(within time.Duration) error {
	ctx, stop := context.WithTimeout(w.t.Context(), within)
	defer stop()
	return get(ctx, "http://"+address+":"+port)
}

// reached says whether the peer reaches the box by its alias.
func (w world) reached() error {
	ctx, stop := context.WithTimeout(w.t.Context(), 2*time.Second)
	defer stop()
	return get(ctx, "http://"+docker(w.t, "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", w.peer)+":"+port+"/?peer=sink")
}

// seen is all that the engine says of the box, but for ids and times.
func (w world) seen() map[string]any {
	w.t.Helper()
	var all []map[string]any
	require.NoError(w.t, json.Unmarshal([]byte(docker(w.t, "inspect", w.box)), &all))
	scrub(all[0])
	return all[0]
}

func scrub(value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range []string{"Pid", "StartedAt", "FinishedAt", "ExitCode", "Log", "EndpointID", "SandboxID", "SandboxKey", "ResolvConfPath", "RestartCount", "ExecIDs", "FailingStreak"} {
			delete(v, key)
		}
		for _, inner := range v {
			scrub(inner)
		}
	case []any:
		for _, inner := range v {
			scrub(inner)
		}
	}
}

func (w world) target(kind spec.TargetKind) spec.Target {
	c := &spec.Container{Engine: engine(), Name: w.box}
	if kind == spec.NetworkKind {
		return spec.Target{Network: &spec.Network{Container: c, Ports: []int{8080}}}
	}
	return spec.Target{Container: c}
}

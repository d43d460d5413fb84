//go:build e2e

package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
)

// longest is how long one run may take.
const longest = 4 * time.Minute

// platform is a sandbox and a pipeline on given servers, both started as a
// user would: faultline.yaml in the folder says where things are.
type platform struct {
	t                 *testing.T
	dir, home, binary string
	sandbox, pipeline *child
}

// chaos are the brokers that carry the log of experiments, and their tables lie
// in the lake of tables; without one below the state folder. sandbox are more
// flags of sandbox up.
func startPlatform(t *testing.T, s servers, kafka, chaos string, tables *lake.Config, sandbox ...string) *platform {
	t.Helper()
	dir := t.TempDir()
	p := &platform{t: t, dir: dir, home: filepath.Join(dir, "home"), binary: binary(t)}
	settings := map[string]any{"home": p.home, "kafka": map[string]any{"brokers": strings.Split(chaos, ",")}}
	if tables != nil {
		settings["lake"] = map[string]any{"kind": tables.Kind, "uri": tables.URI, "properties": tables.Properties}
	}
	text, err := json.Marshal(settings)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "faultline.yaml"), text, 0o600)) // JSON is YAML
	// The daemon itself: what dies with its parent forgets so when it hands over to another program.
	daemon := p.binary + "d"
	args := []string{
		daemon, "sandbox", "up", "--home", p.home, "--kafka", kafka, "--registry", s["E2E_REGISTRY"], "--records", s["E2E_RECORDS"],
	}
	args = append(args, sandbox...)
	if trades := os.Getenv("FAULTLINE_TRADES"); trades != "" {
		args = append(args, "--trades", trades)
	}
	p.sandbox = start(t, dir, "sandbox", args...)
	p.sandbox.ready(t, filepath.Join(p.home, "sandbox", "platform.yaml"))
	p.pipeline = start(t, dir, "up", daemon, "up")
	p.pipeline.ready(t, filepath.Join(p.home, "up.yaml"))
	return p
}

// end ends both; then every row is in its table. Containers of a sandbox end
// with the test.
func (p *platform) end() {
	p.pipeline.end(p.t)
	if p.sandbox != nil {
		p.sandbox.end(p.t)
	}
}

func (s servers) lake() *lake.Config {
	return &lake.Config{Kind: "rest", URI: s["E2E_CATALOG"], Properties: map[string]string{
		"s3.endpoint": s["E2E_S3"], "s3.region": "us-east-1", "s3.force-virtual-addressing": "false",
		"s3.access-key-id": s["E2E_S3_KEY"], "s3.secret-access-key": s["E2E_S3_SECRET"],
	}}
}

func binary(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../bin/faultline")
	require.NoError(t, err)
	require.FileExists(t, path, "run make build first")
	return path
}

// outcome is what show says of an experiment.
type outcome struct {
	code     int
	Phase    string                  `json:"phase"`
	Verdict  string                  `json:"verdict"`
	Reasons  []string                `json:"reasons"`
	Recovery events.RecoveryMeasured `json:"recovery"`
	Books    events.BooksClosed      `json:"books"`
	Timeline []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	} `json:"timeline"`
}

// run checks, plans and runs a document, and returns what came of it.
func (p *platform) run(id, document string) outcome {
	t := p.t
	t.Helper()
	document, err := filepath.Abs(document)
	require.NoError(t, err)
	for _, command := range []string{"check", "plan"} {
		text, code := p.faultline(command, document, "--profile", "demo", "--platform", filepath.Join(p.home, "sandbox", "platform.yaml"))
		require.Zero(t, code, "%s: %s", command, text)
	}
	text, code := p.faultline("run", document, "--profile", "demo", "--id", id)
	t.Log(text)
	shown, showCode := p.faultline("show", id, "--output", "json")
	require.Zero(t, showCode, shown)
	out := outcome{code: code}
	require.NoError(t, json.Unmarshal([]byte(shown), &out))
	left, _ := p.faultline("ledger", "list")
	require.Contains(t, left, "no fault is in place")
	return out
}

// faultline runs the command line in the platform's folder.
func (p *platform) faultline(args ...string) (text string, code int) {
	p.t.Helper()
	return command(p.t, p.dir, p.binary, args...)
}

func command(t *testing.T, dir, name string, args ...string) (text string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // this project's own binary
	cmd.Dir, cmd.Env, cmd.Stderr = dir, environment(), os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Minute
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(out), exit.ExitCode()
	}
	require.NoError(t, err, "%s %v: %s", name, args, out)
	return string(out), 0
}

//go:build e2e

package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/k2-platform/faultline/spec"
)

const (
	deployed = "../deploy/sandbox/"
	image    = "faultline-e2e"
)

// startContainers is the sandbox as containers of the engine, with a pipeline
// and an agent on this machine: settings and description of the platform are
// the deployed ones, but for the folders of the test and the engine's socket.
// flags are those of sandbox up: its limits and links are always there.
func startContainers(t *testing.T, flags []string, defect string) *platform {
	t.Helper()
	dir := t.TempDir()
	p := &platform{t: t, dir: dir, home: filepath.Join(dir, "home"), binary: binary(t)}
	state := filepath.Join(dir, "state")
	engineOf(t).docker("build", "-q", "-t", image, "-f", "../deploy/Dockerfile", filepath.Dir(p.binary))
	env := map[string]string{"SANDBOX_IMAGE": image, "SANDBOX_STATE": state, "SANDBOX_PIPELINE": p.home}
	profiles := []string{"sandbox"}
	if slices.Contains(flags, "--kafka-proxy") {
		profiles, env["SANDBOX_KAFKA"] = append(profiles, "sandbox-proxy"), "10.214.8.1:9192"
	}
	if defect != "" {
		env["SANDBOX_DEFECT"] = defect
	}
	startBoxes(t, profiles, env)
	file := filepath.Join(p.home, "sandbox", "platform.yaml")
	for _, url := range p.describe(file, state) {
		require.Eventually(t, func() bool { return answers(t, url) }, longestStart, 200*time.Millisecond, "%s never answers 200", url)
	}
	p.configure(file, state)
	p.pipeline = start(t, dir, "up", p.binary+"d", "up")
	p.pipeline.ready(t, filepath.Join(p.home, "up.yaml"))
	return p
}

// describe writes the platform, and gives where services say that they are well.
func (p *platform) describe(file, state string) (health []string) {
	p.t.Helper()
	text, err := os.ReadFile(deployed + "platform.yaml")
	require.NoError(p.t, err)
	described, problems := spec.ParsePlatform(text)
	require.NoError(p.t, problems.Err())
	at := engineOf(p.t).at
	for _, target := range described.Targets {
		if target.Container != nil {
			target.Container.Engine = at
		}
		if target.Network != nil {
			target.Network.Container.Engine = at
		}
		if target.KafkaProxy != nil {
			target.KafkaProxy.Control = "unix://" + filepath.Join(state, "kafka-proxy.sock")
		}
	}
	for _, h := range described.Services {
		if h.HTTP != "" {
			health = append(health, h.HTTP)
		}
	}
	text, err = json.MarshalIndent(described, "", "  ")
	require.NoError(p.t, err)
	require.NoError(p.t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(p.t, os.WriteFile(file, text, 0o600)) // JSON is YAML
	return health
}

// configure writes faultline.yaml.
func (p *platform) configure(file, state string) {
	p.t.Helper()
	text, err := os.ReadFile(deployed + "faultline.yaml")
	require.NoError(p.t, err)
	var settings map[string]any
	require.NoError(p.t, yaml.Unmarshal(text, &settings))
	lake, ok := settings["lake"].(map[string]any)
	require.True(p.t, ok, "the deployed settings name no lake")
	lake["uri"] = filepath.Join(state, "lake", "catalog.db")
	settings["home"], settings["platform"] = p.home, file
	text, err = yaml.Marshal(settings)
	require.NoError(p.t, err)
	require.NoError(p.t, os.WriteFile(filepath.Join(p.dir, "faultline.yaml"), text, 0o600))
}

func answers(t *testing.T, url string) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	res, err := (&http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return false
	}
	return res.Body.Close() == nil && res.StatusCode == http.StatusOK
}

package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/rules/blastradius"
	"github.com/k2-platform/faultline/spec"
)

// k2Documents are the scenarios of the methodology, and what a machine that is
// not K2's lacks for each.
func k2Documents() map[string]string {
	return map[string]string{
		"kafka-broker-stop":           "docker.sock",
		"network-partition":           "k2-minio",
		"iceberg-metadata-corruption": "127.0.0.1:1",
		"memory-exhaustion":           "docker.sock",
		"cpu-saturation":              "docker.sock",
		"schema-incompatibility":      "127.0.0.1:1",
		"data-corruption":             "no-proxy.sock",
	}
}

func k2File(name string) string { return filepath.Join("..", "..", "deploy", "k2", name) }

// k2Document is the document of a scenario: the one of experiments/, but where
// K2 needs another.
func k2Document(name string) string {
	own := k2File(filepath.Join("experiments", name+".yaml"))
	if _, err := os.Stat(own); err == nil {
		return own
	}
	return filepath.Join("..", "..", "experiments", name+".yaml")
}

func TestK2TakesTheScenarios(t *testing.T) {
	text, err := os.ReadFile(k2File("platform.yaml"))
	require.NoError(t, err)
	platform := filepath.Join(t.TempDir(), "platform.yaml")
	require.NoError(t, os.WriteFile(platform, bytes.ReplaceAll(text, []byte("127.0.0.1:8081"), []byte("127.0.0.1:1")), 0o600)) // where no registry is
	for name := range k2Documents() {
		for _, profile := range []string{"", "demo"} {
			var said strings.Builder
			code := run(t.Context(), []string{"check", k2Document(name), "--platform", platform, "--home", t.TempDir(), "--profile", profile}, &said, &said)
			require.Zero(t, code, said.String())
			assert.NotContains(t, said.String(), "error:")
		}
	}
}

func k2Platform(t *testing.T) spec.Platform {
	t.Helper()
	text, err := os.ReadFile(k2File("platform.yaml"))
	require.NoError(t, err)
	p, problems := spec.ParsePlatform(text)
	require.NoError(t, problems.Err())
	return p
}

// TestK2IsNotHere plans each scenario where nothing of K2 is: each is refused
// with what is missing, before anything is scheduled.
func TestK2IsNotHere(t *testing.T) {
	dir := t.TempDir()
	text, err := os.ReadFile(k2File("platform.yaml"))
	require.NoError(t, err)
	for was, is := range map[string]string{
		"127.0.0.1:8081": "127.0.0.1:1", "127.0.0.1:8181": "127.0.0.1:1", "127.0.0.1:9000": "127.0.0.1:1", // nobody listens there
		"{name: k2-":                      `{engine: "unix://` + dir + `/docker.sock", name: k2-`,
		"/run/faultline/kafka-proxy.sock": dir + "/no-proxy.sock",
		"/etc/faultline/k2-minio":         dir + "/no-keys",
	} {
		require.Contains(t, string(text), was)
		text = bytes.ReplaceAll(text, []byte(was), []byte(is))
	}
	platform := filepath.Join(dir, "platform.yaml")
	require.NoError(t, os.WriteFile(platform, text, 0o600))
	for name, lacks := range k2Documents() {
		t.Run(name, func(t *testing.T) {
			var said strings.Builder
			code := run(t.Context(), []string{"plan", k2Document(name), "--platform", platform, "--policy", k2File("policy.yaml"), "--home", dir}, io.Discard, &said)
			require.NotZero(t, code)
			assert.Contains(t, said.String(), lacks)
		})
	}
}

// TestK2sOwnFilesFitEachOther: the policy names targets that are there, and the
// settings are read.
func TestK2sOwnFilesFitEachOther(t *testing.T) {
	platform := k2Platform(t)
	text, err := os.ReadFile(k2File("policy.yaml"))
	require.NoError(t, err)
	policy, problems := spec.ParsePolicy(text)
	require.NoError(t, problems.Err())
	for environment, allows := range policy.Policy.Environments {
		assert.Equal(t, platform.Environment, environment)
		for _, name := range slices.Concat(allows.Allows.Safe, allows.Allows.Caution, allows.Allows.Dangerous) {
			if name != spec.AllServices {
				assert.Contains(t, platform.Targets, spec.TargetName(name))
			}
		}
	}
	_, problems = blastradius.Parse(text)
	require.NoError(t, problems.Err())
	s, err := settings.Load(k2File("faultline.yaml"), "")
	require.NoError(t, err)
	assert.Equal(t, platform.Targets["trades-table"].Table.Catalog.URI, s.Lake.URI, "metrics of tables are read where the fault is")
}

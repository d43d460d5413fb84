package k2_test

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/k2-platform/faultline/sandbox/k2"
	"github.com/k2-platform/faultline/spec"
)

var update = flag.Bool("update", false, "write deploy/sandbox/platform.yaml") //nolint:gochecknoglobals // a flag of the test binary

const boxed = "../../deploy/sandbox/platform.yaml"

func TestTheDeployedPlatformIsTheSandboxAsContainers(t *testing.T) {
	want := written(t, k2.Containers())
	if *update {
		require.NoError(t, os.WriteFile(boxed, want, 0o600))
	}
	got, err := os.ReadFile(boxed)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "deploy/sandbox/platform.yaml is out of date: run go test ./sandbox/k2 -update")
	_, problems := spec.ParsePlatform(got)
	require.NoError(t, problems.Err())
}

// TestContainersAreCalledAsProcessesAre, so that a document runs on both.
func TestContainersAreCalledAsProcessesAre(t *testing.T) {
	processes, containers := k2.Platform(k2.Addresses{Links: "unix:///links.sock", Proxy: &k2.Proxy{}}), k2.Containers()
	delete(processes.Targets, "link-proxy-process") // nothing but links is in the place of links
	assert.Equal(t, slices.Sorted(maps.Keys(processes.Targets)), slices.Sorted(maps.Keys(containers.Targets)))
	assert.Equal(t, slices.Sorted(maps.Keys(processes.Services)), slices.Sorted(maps.Keys(containers.Services)))
	assert.Equal(t, slices.Sorted(maps.Keys(processes.Probes)), slices.Sorted(maps.Keys(containers.Probes)))
	assert.Equal(t, slices.Sorted(maps.Keys(processes.Books)), slices.Sorted(maps.Keys(containers.Books)))
	require.Equal(t, slices.Sorted(maps.Keys(processes.Metrics)), slices.Sorted(maps.Keys(containers.Metrics)))
	for name, m := range processes.Metrics {
		assert.Equal(t, m.Unit, containers.Metrics[name].Unit, name)
		assert.Nil(t, containers.Metrics[name].Process, name)
	}
	for name, target := range containers.Targets {
		assert.Nil(t, target.Process, name)
		assert.Nil(t, target.Link, name)
	}
}

// written is a platform as people read it.
func written(t *testing.T, p spec.Platform) []byte {
	t.Helper()
	text, err := json.Marshal(p) // which leaves out what is empty
	require.NoError(t, err)
	var tree yaml.Node
	require.NoError(t, yaml.Unmarshal(text, &tree))
	plain(&tree)
	out, err := yaml.Marshal(&tree)
	require.NoError(t, err)
	const head = "# The sandbox as containers, as docker compose -p faultline-sandbox --profile sandbox starts it; docs/SANDBOX.md. Written by go test ./sandbox/k2 -update.\n"
	return append([]byte(head), out...)
}

// plain takes the braces and quotes of JSON away.
func plain(n *yaml.Node) {
	n.Style = 0
	for _, c := range n.Content {
		plain(c)
	}
}

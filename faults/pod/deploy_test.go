package pod_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/kill"
	"github.com/k2-platform/faultline/faults/pause"
	"github.com/k2-platform/faultline/faults/pod"
	"github.com/k2-platform/faultline/faults/stop"
	"github.com/k2-platform/faultline/internal/kube"
	"github.com/k2-platform/faultline/internal/kube/kubetest"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

type manifest struct {
	Kind  string
	Rules []struct {
		Groups    []string `yaml:"apiGroups"`
		Resources []string
		Verbs     []string
	}
	Data map[string]string
}

func manifests(t *testing.T) []manifest {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "deploy", "agent-daemonset.yaml"))
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	var all []manifest
	for d := yaml.NewDecoder(f); ; {
		var m manifest
		err := d.Decode(&m)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, m)
	}
}

// given are the rights that the agent is given, without the namespace.
func given(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, m := range manifests(t) {
		for _, r := range m.Rules {
			for _, resource := range r.Resources {
				for _, verb := range r.Verbs {
					all = append(all, kube.Right{Verb: verb, Group: r.Groups[0], Resource: resource}.String())
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

// TestTheAgentIsGivenWhatItAsksFor: no right of the manifest is missing, and
// none is there for nothing.
func TestTheAgentIsGivenWhatItAsksFor(t *testing.T) {
	c, err := kubetest.Open("")
	require.NoError(t, err)
	boot, err := process.BootID()
	require.NoError(t, err)
	c.Node("far", boot)
	_, err = c.Add(bareManifest)
	require.NoError(t, err)
	names := []string{"alone"}
	for _, kind := range []string{"ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController"} {
		app := strings.ToLower(kind)
		_, err := c.Own(kind, app, 1, strings.ReplaceAll(ownedManifest, "app\": \"sink", "app\": \""+app))
		require.NoError(t, err)
		names = append(names, app)
	}
	file, dir := c.Serve(t), t.TempDir()
	for _, name := range names {
		on := spec.Target{Pod: &spec.Pod{Namespace: "lab", Selector: "app=" + name, Kubeconfig: file}}
		for _, d := range []faults.Driver{pod.End{Kind: stop.Kind, Dir: dir}, pod.End{Kind: kill.Kind, Dir: dir}, pod.Halt{}} {
			kind := pause.Kind
			if e, ends := d.(pod.End); ends {
				kind = e.Kind
			}
			_, err := d.Plan(t.Context(), spec.Fault{Kind: kind, Target: "x"}, on)
			if kind == stop.Kind {
				require.NoError(t, err, name)
			}
		}
	}
	var asked []string
	for _, r := range c.Asked() {
		r.Namespace = ""
		asked = append(asked, r.String())
	}
	slices.Sort(asked)
	assert.Equal(t, given(t), asked)
}

func TestTheManifestsTargetsAreRead(t *testing.T) {
	n := 0
	for _, m := range manifests(t) {
		for name, text := range m.Data {
			n++
			p, problems := spec.ParsePlatform([]byte(text))
			require.NoError(t, problems.Err(), name)
			assert.Equal(t, spec.PodKind, p.Targets["sink"].Kind())
		}
	}
	assert.Equal(t, 1, n)
}

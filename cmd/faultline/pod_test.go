package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/k2-platform/faultline/internal/kube/kubetest"
)

const (
	podPlatform = `faultline_platform: v1
name: lab
environment: test
targets:
  sink: {pod: {namespace: lab, name: sink, kubeconfig: KUBECONFIG}}
metrics:
  load: {unit: share, needs: sink, scrape: {url: "http://127.0.0.1:1", series: load}}
`
	podDocument = `faultline: v1
title: A pod goes
system: lab
environment: test
hypothesis: {claim: c, steady_state: [load < 1.0], recovers_within: 10s}
rollback_when: []
steps: [{id: a, fault: {kind: process.stop, target: sink}, for: 1s}]
`
)

// TestAPlanSaysWhichRightIsMissing: before anything is scheduled.
func TestAPlanSaysWhichRightIsMissing(t *testing.T) {
	c, err := kubetest.Open("")
	require.NoError(t, err)
	_, err = c.Add(`{"metadata": {"namespace": "lab", "name": "sink"}, "spec": {"containers": [{"name": "sink"}]}}`)
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	document := write("document.yaml", podDocument)
	platform := write("platform.yaml", strings.Replace(podPlatform, "KUBECONFIG", c.Serve(t), 1))
	plan := func() (int, string) {
		var said strings.Builder
		code := run(t.Context(), []string{"plan", document, "--platform", platform, "--home", dir}, &said, &said)
		return code, said.String()
	}
	_, said := plan()
	assert.Contains(t, said, "how delete", "it could be done, whatever the policy says")
	c.Forbid("delete pods")
	code, said := plan()
	assert.Equal(t, 2, code)
	assert.Contains(t, said, "step a cannot be done here: planning process.stop on sink: refused: delete pods -n lab: the account may not do that")
	assert.Len(t, c.Pods(), 1)
}

// TestTheDaemonSetIsWhatTheProgramTakes holds the agent's command line in
// Kubernetes to the program's own flags.
func TestTheDaemonSetIsWhatTheProgramTakes(t *testing.T) {
	f, err := os.Open(filepath.Join("..", "..", "deploy", "agent-daemonset.yaml"))
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	lines := 0
	for d := yaml.NewDecoder(f); ; {
		var m struct {
			Spec struct {
				Template struct {
					Spec struct{ Containers []podContainer }
				}
			}
		}
		err := d.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		for _, c := range m.Spec.Template.Spec.Containers {
			takes(t, c.Args)
			lines++
		}
	}
	assert.Equal(t, 1, lines)
}

package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/k2-platform/faultline/sandbox/k2"
	"github.com/k2-platform/faultline/spec"
)

func TestHealthyIsWhatTheServiceSays(t *testing.T) {
	status := http.StatusServiceUnavailable
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" {
			w.WriteHeader(status)
		}
	}))
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	addr := strings.TrimPrefix(s.URL, "http://")
	require.ErrorContains(t, askHealth(t.Context(), addr), "says 503")
	status = http.StatusOK
	require.NoError(t, askHealth(t.Context(), addr))
	s.Close()
	require.Error(t, askHealth(t.Context(), addr), "nobody is there")
}

// boxed is a service of the compose file.
type boxed struct {
	Profiles, Command, Ports []string
	Container                string `yaml:"container_name"`
	Restart                  string
	Networks                 map[string]struct {
		Address string `yaml:"ipv4_address"`
	}
}

func boxedServices(t *testing.T) map[string]boxed {
	t.Helper()
	text, err := os.ReadFile("../../docker-compose.yml")
	require.NoError(t, err)
	var file struct{ Services map[string]boxed }
	require.NoError(t, yaml.Unmarshal(text, &file))
	out := map[string]boxed{}
	for _, s := range file.Services {
		if slices.Contains(s.Profiles, "sandbox") || slices.Contains(s.Profiles, "sandbox-proxy") {
			out[s.Container] = s
		}
	}
	return out
}

// TestTheComposeFileIsWhatThePlatformDescribes: each target is a container
// there, at the address at which it is watched.
func TestTheComposeFileIsWhatThePlatformDescribes(t *testing.T) {
	services, named := boxedServices(t), []string{}
	for name, target := range k2.Containers().Targets {
		if target.Container == nil {
			continue
		}
		named = append(named, target.Container.Name)
		at := services[target.Container.Name].Networks["sandbox"].Address
		if at == "" {
			assert.EqualValues(t, "kafka-proxy-process", name, "it is on the host's network")
			continue
		}
		assert.Regexp(t, `^(http://)?`+regexp.QuoteMeta(at)+`:`, watched(*target.Health), name)
	}
	assert.Len(t, named, len(services), "each container is a target: %v", named)
	for _, s := range services {
		assert.Equal(t, "no", s.Restart, s.Container)
		for _, p := range s.Ports {
			assert.True(t, strings.HasPrefix(p, "127.0.0.1:"), "%s publishes %s", s.Container, p)
		}
	}
}

func watched(h spec.Health) string { return h.HTTP + h.TCP + h.Kafka }

// TestTheComposeFileIsWhatTheServicesTake: no flag that a service does not have.
func TestTheComposeFileIsWhatTheServicesTake(t *testing.T) {
	for _, s := range boxedServices(t) {
		if slices.Contains(s.Profiles, "sandbox-proxy") {
			continue // another program
		}
		var said bytes.Buffer
		cmd := sandboxCommand()
		cmd.SetOut(&said)
		cmd.SetErr(&said)
		cmd.SetArgs(append(slices.Clone(s.Command), "--help"))
		require.NoError(t, cmd.ExecuteContext(t.Context()), "%v", s.Command)
		for _, a := range s.Command {
			if flag, _, _ := strings.Cut(a, "="); strings.HasPrefix(flag, "--") {
				assert.Contains(t, said.String(), flag+" ", "%v", s.Command)
			}
		}
	}
}

//go:build e2e

package e2e_test

import (
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// boxes are the containers of profiles of docker-compose.yml.
type boxes struct {
	engine

	file composeFile
}

// startBoxes starts the containers as Docker's compose plugin would, which not
// every machine has, and removes them when the test ends.
func startBoxes(t *testing.T, profiles []string, env map[string]string) {
	t.Helper()
	b := boxes{engineOf(t), readCompose(t, profiles, env)}
	for _, n := range b.networks() {
		create := map[string]any{"Name": n.Name, "IPAM": map[string]any{"Config": n.IPAM.Config}}
		t.Cleanup(func() { b.call(http.MethodDelete, "/networks/"+n.Name, nil, nil) })
		b.call(http.MethodPost, "/networks/create", create, nil)
	}
	for _, name := range b.file.inOrder(t) {
		s := b.file.Services[name]
		for on, how := range s.Depends {
			b.await(b.file.Services[on].Container, how.Condition)
		}
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("log of %s:\n%s", s.Container, b.docker("logs", s.Container))
			}
			b.call(http.MethodDelete, "/containers/"+s.Container+"?force=true", nil, nil)
		})
		b.call(http.MethodPost, "/containers/create?name="+s.Container, b.described(s), nil)
		b.call(http.MethodPost, "/containers/"+s.Container+"/start", nil, nil)
	}
}

// networks are those that the services are on.
func (b boxes) networks() map[string]composedNetwork {
	out := map[string]composedNetwork{}
	for _, s := range b.file.Services {
		for name := range s.Networks {
			require.Contains(b.t, b.file.Networks, name)
			out[name] = b.file.Networks[name]
		}
	}
	return out
}

func (b boxes) await(container, condition string) {
	b.t.Helper()
	want := map[string]string{"service_started": "running", "service_healthy": "healthy"}[condition]
	require.NotEmpty(b.t, want, "docker-compose.yml has a condition that this test does not read: %s", condition)
	require.Eventually(b.t, func() bool {
		var is struct {
			State struct {
				Status string
				Health struct{ Status string }
			}
		}
		b.call(http.MethodGet, "/containers/"+container+"/json", nil, &is)
		return is.State.Status == want || is.State.Health.Status == want
	}, longestStart, 100*time.Millisecond, "%s is never %s: docker logs %s tells", container, want, container)
}

// described is a service as the engine is told (POST /containers/create).
func (b boxes) described(s composed) map[string]any {
	host := map[string]any{
		"Binds": b.binds(s), "RestartPolicy": map[string]string{"Name": s.Restart}, "PortBindings": ports(s),
		"Memory": b.bytes(s.Memory), "MemorySwap": b.bytes(s.Swap), "MemorySwappiness": s.Swappiness, "NanoCpus": int64(s.CPUs * 1e9), "CpuShares": s.Shares,
	}
	if s.Mode != "" {
		host["NetworkMode"] = s.Mode
	}
	places := map[string]any{}
	for name, n := range s.Networks {
		at := b.file.Networks[name].Name
		places[at] = map[string]any{"IPAMConfig": map[string]string{"IPv4Address": n.Address}, "Aliases": n.Aliases}
		host["NetworkMode"] = at
	}
	env := []string{}
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		env = append(env, name+"="+s.Env[name])
	}
	exposed := map[string]any{}
	for port := range ports(s) {
		exposed[port] = struct{}{}
	}
	out := map[string]any{
		"Image": s.Image, "Entrypoint": s.Entrypoint, "Cmd": s.Command, "Env": env, "ExposedPorts": exposed,
		"HostConfig": host, "NetworkingConfig": map[string]any{"EndpointsConfig": places},
	}
	if h := s.Health; h != nil {
		out["Healthcheck"] = map[string]any{"Test": h.Test, "Interval": h.Interval, "Timeout": h.Timeout, "Retries": h.Retries}
	}
	return out
}

// binds are the volumes, with paths from the root.
func (b boxes) binds(s composed) []string {
	var out []string
	for _, v := range s.Volumes {
		if strings.HasPrefix(v, ".") {
			from, to, _ := strings.Cut(v, ":")
			abs, err := filepath.Abs(filepath.Join("..", from))
			require.NoError(b.t, err)
			v = abs + ":" + to
		}
		out = append(out, v)
	}
	return out
}

// ports are the published ones, each written as address:port:port of the container.
func ports(s composed) map[string][]map[string]string {
	out := map[string][]map[string]string{}
	for _, p := range s.Ports {
		parts := strings.Split(p, ":")
		out[parts[2]+"/tcp"] = []map[string]string{{"HostIp": parts[0], "HostPort": parts[1]}}
	}
	return out
}

// bytes reads a size in MiB, such as 256m; "" is none.
func (b boxes) bytes(size string) int64 {
	if size == "" {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(size, "m"), 10, 64)
	require.NoError(b.t, err, "write %q in MiB, such as 256m", size)
	return n << 20
}

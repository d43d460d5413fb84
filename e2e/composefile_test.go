//go:build e2e

package e2e_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// composeFile is what docker-compose.yml says of one profile, as far as this
// test starts it where Docker's compose plugin is missing. What it does not read
// is an error, so that nothing is started that differs from what a user gets.
type composeFile struct {
	Services map[string]composed
	Networks map[string]composedNetwork
}

type composed struct {
	Profiles   []string
	Image      string
	Container  string `yaml:"container_name"`
	Entrypoint []string
	Command    []string
	Restart    string
	Env        map[string]string `yaml:"environment"`
	Volumes    []string
	Ports      []string
	Depends    map[string]dependence `yaml:"depends_on"`
	Mode       string                `yaml:"network_mode"`
	Networks   map[string]struct {
		Address string `yaml:"ipv4_address"`
		Aliases []string
	}
	Memory     string  `yaml:"mem_limit"`
	Swap       string  `yaml:"memswap_limit"`
	Swappiness *int64  `yaml:"mem_swappiness"`
	CPUs       float64 `yaml:"cpus"`
	Shares     int64   `yaml:"cpu_shares"`
	Health     *struct {
		Test              []string
		Interval, Timeout time.Duration
		Retries           int
	} `yaml:"healthcheck"`
}

// dependence is on another service; Required false is on one that is there.
type dependence struct {
	Condition string
	Required  *bool
}

type composedNetwork struct {
	Name string
	IPAM struct {
		Config []struct{ Subnet, Gateway string }
	}
}

// readable are the keys of a service that composed has.
func readable() []string {
	return []string{
		"profiles", "image", "container_name", "entrypoint", "command", "restart", "environment", "volumes", "ports", "depends_on", "networks", "network_mode",
		"mem_limit", "memswap_limit", "mem_swappiness", "cpus", "cpu_shares", "healthcheck",
	}
}

// readCompose reads the services of some profiles. env beats the defaults that the
// file gives for variables.
func readCompose(t *testing.T, chosen []string, env map[string]string) composeFile {
	t.Helper()
	text, err := os.ReadFile("../docker-compose.yml")
	require.NoError(t, err)
	filled := regexp.MustCompile(`\$\{(\w+):-([^}]*)\}`).ReplaceAllStringFunc(string(text), func(v string) string {
		name, otherwise, _ := strings.Cut(strings.Trim(v, "${}"), ":-")
		if value, ok := env[name]; ok {
			return value
		}
		return otherwise
	})
	var raw struct {
		Services map[string]yaml.Node
		Networks map[string]composedNetwork
	}
	require.NoError(t, yaml.Unmarshal([]byte(filled), &raw))
	out := composeFile{Services: map[string]composed{}, Networks: raw.Networks}
	for name, node := range raw.Services {
		var s composed
		var keys map[string]any
		require.NoError(t, node.Decode(&keys), name)
		require.NoError(t, node.Decode(&s), name)
		if !slices.ContainsFunc(s.Profiles, func(p string) bool { return slices.Contains(chosen, p) }) {
			continue
		}
		for key := range keys {
			require.Contains(t, readable(), key, "docker-compose.yml says of %s what this test does not read", name)
		}
		out.Services[name] = s
	}
	for _, s := range out.Services {
		for on, d := range s.Depends {
			if _, there := out.Services[on]; !there && d.Required != nil && !*d.Required {
				delete(s.Depends, on)
			}
		}
	}
	require.NotEmpty(t, out.Services, "docker-compose.yml has no service of the profiles %v", chosen)
	return out
}

// inOrder are the services, each after those that it depends on.
func (f composeFile) inOrder(t *testing.T) []string {
	t.Helper()
	var out []string
	for len(out) < len(f.Services) {
		before := len(out)
		for name, s := range f.Services {
			ready := !slices.Contains(out, name)
			for on := range s.Depends {
				ready = ready && slices.Contains(out, on)
			}
			if ready {
				out = append(out, name)
			}
		}
		require.Greater(t, len(out), before, "services depend on each other, or on one that is not there")
	}
	return out
}

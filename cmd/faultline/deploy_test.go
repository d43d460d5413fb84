package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/k2-platform/faultline/spec"
)

// TestWhatIsDeployedIsWhatTheProgramTakes holds the examples of deploy/ to the
// program's own flags.
func TestWhatIsDeployedIsWhatTheProgramTakes(t *testing.T) {
	lines := [][]string{}
	compose := composed(t)
	proxy := compose["kafka-proxy"]
	lines = append(lines, proxy.Command, proxy.Health.Test[2:])
	for _, c := range sidecars(t) {
		lines = append(lines, c.Args)
		if p := c.Startup.Exec.Command; p != nil {
			lines = append(lines, p[1:])
		}
	}
	require.Len(t, lines, 5, "the files have other places for command lines than this test reads")
	for _, args := range append(lines, commented(t)) {
		takes(t, args)
	}
	require.NotZero(t, run(t.Context(), []string{"kafka-proxy", "--no-such-flag", "--help"}, io.Discard, io.Discard), "a flag that is not there is seen")
}

// takes reads a command line as the program does.
func takes(t *testing.T, args []string) {
	t.Helper()
	var said strings.Builder
	code := run(t.Context(), append(slices.Clone(args), "--help"), &said, &said)
	require.Zero(t, code, "%v: %s", args, said.String())
	for _, a := range args {
		if name, _, _ := strings.Cut(a, "="); strings.HasPrefix(name, "--") {
			assert.Contains(t, said.String(), name+" ", "%v", args)
		}
	}
}

type service struct {
	Command []string
	Ports   []string
	Depends map[string]any          `yaml:"depends_on"`
	Health  struct{ Test []string } `yaml:"healthcheck"`
	Env     map[string]string       `yaml:"environment"`
}

func composed(t *testing.T) map[string]service {
	t.Helper()
	out := map[string]service{}
	for _, f := range []string{"docker-compose.yml", "deploy/kafka-proxy.compose.yaml"} {
		var file struct{ Services map[string]service }
		decode(t, f, &file)
		for name, s := range file.Services {
			require.NotContains(t, out, name, "the overlay changes what is there")
			out[name] = s
		}
	}
	return out
}

// TestTheOverlayMeetsTheBrokers: it names brokers that are there, at listeners
// for other containers, and publishes each port that clients are told.
func TestTheOverlayMeetsTheBrokers(t *testing.T) {
	all := composed(t)
	proxy := all["kafka-proxy"]
	for name := range proxy.Depends {
		assert.Contains(t, all, name)
	}
	flag := map[string]string{}
	for _, a := range proxy.Command[1:] {
		name, value, _ := strings.Cut(a, "=")
		flag[name] = value
	}
	for b := range strings.SplitSeq(flag["--brokers"]+","+proxy.Env["FAULTLINE_KAFKA_BROKERS"], ",") {
		name, _, _ := strings.Cut(b, ":")
		require.Contains(t, all, name)
		assert.Contains(t, all[name].Env["KAFKA_ADVERTISED_LISTENERS"], "INSIDE://"+b)
	}
	assert.Equal(t, []string{"127.0.0.1:" + flag["--ports"] + ":" + flag["--ports"]}, proxy.Ports)
	assert.Contains(t, flag["--ports"], strings.TrimPrefix(flag["--listen"], "0.0.0.0:")+"-")
}

type podContainer struct {
	Name    string
	Args    []string
	Startup struct{ Exec struct{ Command []string } } `yaml:"startupProbe"`
	Env     []struct{ Name, Value string }
}

type manifest struct {
	Kind string
	Spec struct {
		Template struct {
			Spec struct {
				Init []podContainer `yaml:"initContainers"`
			}
		}
	}
	Data map[string]string
}

func manifests(t *testing.T) map[string]manifest {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "deploy", "kafka-proxy-sidecar.yaml"))
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	out := map[string]manifest{}
	for d := yaml.NewDecoder(f); ; {
		var m manifest
		err := d.Decode(&m)
		if err == io.EOF { //nolint:errorlint // the decoder gives it as it is
			return out
		}
		require.NoError(t, err)
		out[m.Kind] = m
	}
}

func sidecars(t *testing.T) []podContainer {
	t.Helper()
	return manifests(t)["Deployment"].Spec.Template.Spec.Init
}

// TestTheSidecarsTargetIsTheSidecar: the agent looks for the proxy where it is.
func TestTheSidecarsTargetIsTheSidecar(t *testing.T) {
	p, problems := spec.ParsePlatform([]byte(manifests(t)["ConfigMap"].Data["targets.yaml"]))
	require.NoError(t, problems.Err())
	target, ok := p.Target("sink-kafka")
	require.True(t, ok)
	assert.Contains(t, sidecars(t)[0].Args, "--control="+target.KafkaProxy.Control)
}

// commented is the command line of the redirect variant.
func commented(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "kafka-proxy-sidecar.yaml"))
	require.NoError(t, err)
	out := []string{"kafka-proxy"}
	for _, m := range regexp.MustCompile(`(?m)^ +# - (--\S+)$`).FindAllStringSubmatch(string(text), -1) {
		out = append(out, m[1])
	}
	require.Contains(t, out, "--redirect=host")
	return out
}

func decode(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(file)))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, into), file)
}

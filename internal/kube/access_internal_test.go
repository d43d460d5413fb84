package kube

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const config = `current-context: here
contexts:
- {name: here, context: {cluster: c, user: u}}
- {name: there, context: {cluster: c, user: v}}
- {name: lost, context: {cluster: d, user: u}}
- {name: nobody, context: {cluster: c, user: w}}
clusters: [{name: c, cluster: {server: "https://h:6443"}}]
users: [{name: u, user: {token: a}}, {name: v, user: {tokenFile: token}}]
`

func nowhere(t *testing.T) {
	t.Helper()
	for _, name := range []string{"KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestAccessIsFound(t *testing.T) {
	nowhere(t)
	_, err := Find("", "")
	require.ErrorIs(t, err, ErrNoAccess)
	require.ErrorContains(t, err, "name the file by kubeconfig, or run the agent in the cluster")

	own := write(t, os.Getenv("HOME"), ".kube/config", config)
	a, err := Find("", "")
	require.NoError(t, err)
	assert.Equal(t, Access{Server: "https://h:6443", Kubeconfig: own, Context: "here"}, a)

	t.Setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
	t.Setenv("KUBERNETES_SERVICE_PORT", "443")
	a, err = Find("", "")
	require.NoError(t, err)
	assert.Equal(t, Access{Server: "https://[fd00::1]:443", Account: serviceAccount}, a)
	a, err = Find("", "there")
	require.NoError(t, err)
	assert.Equal(t, Access{Server: "https://h:6443", Kubeconfig: own, Context: "there"}, a, "a context is of a file")

	other := write(t, t.TempDir(), "config", strings.Replace(config, "h:6443", "o:6443", 1))
	t.Setenv("KUBECONFIG", other)
	a, err = Find("", "")
	require.NoError(t, err)
	assert.Equal(t, other, a.Kubeconfig)
	a, err = Find(own, "")
	require.NoError(t, err)
	assert.Equal(t, own, a.Kubeconfig)
	t.Setenv("KUBECONFIG", other+":"+own)
	_, err = Find("", "")
	require.ErrorContains(t, err, "are not merged here; name one")
}

func TestWhatIsNotSpokenIsRefused(t *testing.T) {
	nowhere(t)
	for name, c := range map[string]struct{ from, to, context, want string }{
		"no such context": {"", "", "nine", `has no context "nine"`},
		"none is current": {"current-context: here", "", "", "has no current context"},
		"no such cluster": {"", "", "lost", `names cluster "d", and there is none`},
		"no such user":    {"", "", "nobody", `names user "w", and there is none`},
		"a program":       {"token: a", "exec: {command: aws}", "", "told by a program (exec), which is not run here"},
		"a provider":      {"token: a", "auth-provider: {name: oidc}", "", "auth-provider"},
		"a password":      {"token: a", "username: me", "", "has a password"},
		"another one":     {"token: a", "as: admin", "", "acts as another one"},
		"no look":         {`server: "https://h:6443"`, `server: "https://h:6443", insecure-skip-tls-verify: true`, "", "would send the token to whoever answers"},
		"a proxy":         {`server: "https://h:6443"`, `server: "https://h:6443", proxy-url: "http://p"`, "", "proxy-url is not spoken here"},
		"no YAML":         {"contexts:", "contexts: [", "", "reading file"},
	} {
		t.Run(name, func(t *testing.T) {
			text := config
			if c.from != "" {
				require.Contains(t, text, c.from)
				text = strings.Replace(text, c.from, c.to, 1)
			}
			_, err := Find(write(t, t.TempDir(), "config", text), c.context)
			require.ErrorIs(t, err, ErrNoAccess)
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := Open(Access{Server: "http://h:8080"})
	require.ErrorContains(t, err, "write an https:// one")
	file := write(t, t.TempDir(), "config", strings.Replace(config, `server: "https://h:6443"`, `server: "https://h:6443", certificate-authority-data: YQ==`, 1))
	_, err = Open(Access{Server: "https://h:6443", Kubeconfig: file, Context: "here"})
	require.ErrorContains(t, err, "holds no certificate in PEM")
	file = write(t, t.TempDir(), "config", strings.Replace(config, "token: a", "client-certificate: none.crt", 1))
	_, err = Open(Access{Server: "https://h:6443", Kubeconfig: file, Context: "here"})
	require.ErrorContains(t, err, "reading the user's certificate and key")
}

// The token of a pod's account is replaced within the hour.
func TestATokenIsReadForEachCall(t *testing.T) {
	nowhere(t)
	var heard []string
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heard = append(heard, r.Header.Get("Authorization"))
		_, _ = w.Write([]byte(`{"metadata": {"uid": "u"}}`))
	}))
	defer s.Close()
	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	t.Setenv("KUBERNETES_SERVICE_HOST", u.Hostname())
	t.Setenv("KUBERNETES_SERVICE_PORT", u.Port())
	account := t.TempDir()
	a, err := find(account, "", "")
	require.NoError(t, err)
	_, err = Open(a)
	require.ErrorContains(t, err, "does the pod mount the token of its service account?")
	write(t, account, "ca.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
	c, err := Open(a)
	require.NoError(t, err)
	_, err = c.Pod(t.Context(), "lab", "sink")
	require.ErrorContains(t, err, "reading the account's token")
	for _, token := range []string{"first\n", "second"} {
		write(t, account, "token", token)
		_, err = c.Pod(t.Context(), "lab", "sink")
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"Bearer first", "Bearer second"}, heard)

	dir := t.TempDir()
	file := write(t, dir, "config", strings.Replace(strings.Replace(config, "https://h:6443", s.URL, 1), `server:`, `certificate-authority: ca.crt, server:`, 1))
	write(t, dir, "ca.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
	write(t, dir, "token", "third")
	a, err = Find(file, "there")
	require.NoError(t, err)
	c, err = Open(a)
	require.NoError(t, err)
	_, err = c.Pod(t.Context(), "lab", "sink")
	require.NoError(t, err)
	assert.Equal(t, "Bearer third", heard[2], "names of files are from the folder of the kubeconfig")
}

// A server whose certificate is another one is told nothing.
func TestAStrangerIsToldNoToken(t *testing.T) {
	nowhere(t)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was asked") }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	a, err := Find(write(t, t.TempDir(), "config", strings.Replace(config, "https://h:6443", s.URL, 1)), "")
	require.NoError(t, err)
	c, err := Open(a)
	require.NoError(t, err)
	_, err = c.Pod(t.Context(), "lab", "sink")
	require.ErrorIs(t, err, ErrUnreachable)
	require.ErrorContains(t, err, "certificate")
}

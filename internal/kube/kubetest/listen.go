package kubetest

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// Listen serves a cluster on l over TLS, and writes a kubeconfig of it.
func (c *Cluster) Listen(l net.Listener, kubeconfig string) (*httptest.Server, error) {
	s := httptest.NewUnstartedServer(c)
	if err := s.Listener.Close(); err != nil {
		return nil, err
	}
	s.Listener = l
	quiet(s)
	s.StartTLS()
	return s, os.WriteFile(kubeconfig, []byte(Config(s)), 0o600)
}

// Serve serves a cluster until the test ends, and gives its kubeconfig.
func (c *Cluster) Serve(tb testing.TB) (kubeconfig string) {
	tb.Helper()
	s := httptest.NewUnstartedServer(c)
	quiet(s)
	s.StartTLS()
	tb.Cleanup(s.Close)
	kubeconfig = filepath.Join(tb.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, []byte(Config(s)), 0o600); err != nil {
		tb.Fatal(err)
	}
	return kubeconfig
}

// quiet keeps a client that went away in a handshake from being told.
func quiet(s *httptest.Server) { s.Config.ErrorLog = log.New(io.Discard, "", 0) }

// CA is the certificate of a server, in PEM.
func CA(s *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

// Config is a kubeconfig of a server.
func Config(s *httptest.Server) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: here, user: agent}}]
clusters: [{name: here, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: agent, user: {token: %s}}]
`, s.URL, base64.StdEncoding.EncodeToString(CA(s)), Token)
}

package kube

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// serviceAccount is where Kubernetes puts the account of a pod:
// https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/.
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

// ErrNoAccess says that nothing here says where a cluster is, or as whom it is
// asked, or that it is said in a way that is not spoken here.
var ErrNoAccess = errors.New("the cluster cannot be asked")

// Access says where a cluster is, and as whom it is asked. It holds no secret:
// they are read, each time, from where they lie. The zero value is none.
type Access struct {
	Server string // its URL
	// Account is the folder of the account of the pod that this runs in; "" where
	// Kubeconfig says it.
	Account string
	// Kubeconfig is the absolute path of a file as kubectl has it, and Context one
	// of its contexts.
	Kubeconfig, Context string
}

// Find looks for access: in the file kubeconfig, if one is named; in that of
// KUBECONFIG; by the account of the pod that this runs in, unless a context is
// asked for; in kubectl's own file. It is ErrNoAccess where there is none.
func Find(kubeconfig, context string) (Access, error) {
	return find(serviceAccount, kubeconfig, context)
}

func find(account, kubeconfig, context string) (Access, error) {
	named := kubeconfig
	if named == "" {
		named = os.Getenv("KUBECONFIG")
	}
	if host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"); named == "" && context == "" && host != "" && port != "" {
		return Access{Server: "https://" + net.JoinHostPort(host, port), Account: account}, nil
	}
	if named == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return Access{}, fmt.Errorf("%w: neither KUBERNETES_SERVICE_HOST nor KUBECONFIG is set, and there is no home: %w; name the file by kubeconfig", ErrNoAccess, err)
		}
		named = filepath.Join(home, ".kube", "config")
	}
	if strings.ContainsRune(named, os.PathListSeparator) {
		return Access{}, fmt.Errorf("%w: KUBECONFIG names several files, %s, which are not merged here; name one", ErrNoAccess, named)
	}
	path, err := filepath.Abs(named) // the one who undoes may stand in another folder
	if err != nil {
		return Access{}, fmt.Errorf("%w: %w", ErrNoAccess, err)
	}
	f, err := readKubeconfig(path)
	if err != nil {
		return Access{}, err
	}
	if context == "" {
		context = f.Current
	}
	cluster, _, err := f.of(context)
	if err != nil {
		return Access{}, fmt.Errorf("%w: file %s: %w", ErrNoAccess, path, err)
	}
	return Access{Server: cluster.Server, Kubeconfig: path, Context: context}, nil
}

// credentials reads them. A token is read again for each call: those of pods
// are replaced within the hour.
func (a Access) credentials() (credentials, error) {
	if !strings.HasPrefix(a.Server, "https://") {
		return credentials{}, fmt.Errorf("%w: its address is %q; write an https:// one", ErrNoAccess, a.Server)
	}
	if a.Account == "" {
		return a.fromFile()
	}
	roots, err := pool(os.ReadFile(filepath.Join(a.Account, "ca.crt")))
	if err != nil {
		return credentials{}, fmt.Errorf("%w: reading the cluster's certificate: %w; does the pod mount the token of its service account?", ErrNoAccess, err)
	}
	return credentials{&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, fileToken(filepath.Join(a.Account, "token"))}, nil
}

// pool is that of a certificate in PEM; nil, that of the machine, for none.
func pool(pem []byte, err error) (*x509.CertPool, error) {
	if err != nil || len(pem) == 0 {
		return nil, err
	}
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(pem) {
		return nil, errors.New("it holds no certificate in PEM")
	}
	return p, nil
}

func fileToken(path string) func() (string, error) {
	return func() (string, error) {
		raw, err := os.ReadFile(path) //nolint:gosec // where the cluster or its operator put it
		return strings.TrimSpace(string(raw)), err
	}
}

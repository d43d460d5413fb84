package kube

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// kubeconfig is as much of such a file as is spoken here, and what is refused:
// https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/.
type kubeconfig struct {
	Current  string `yaml:"current-context"`
	Contexts []struct {
		Name    string
		Context struct{ Cluster, User string }
	}
	Clusters []struct {
		Name    string
		Cluster cluster
	}
	Users []struct {
		Name string
		User user
	}
}

type cluster struct {
	Server     string
	CAFile     string `yaml:"certificate-authority"`
	CAData     string `yaml:"certificate-authority-data"`
	ServerName string `yaml:"tls-server-name"`
	Insecure   bool   `yaml:"insecure-skip-tls-verify"`
	Proxy      string `yaml:"proxy-url"`
}

type user struct {
	CertFile  string `yaml:"client-certificate"`
	CertData  string `yaml:"client-certificate-data"`
	KeyFile   string `yaml:"client-key"`
	KeyData   string `yaml:"client-key-data"`
	Token     string
	TokenFile string `yaml:"tokenFile"`

	Exec     any
	Provider any `yaml:"auth-provider"`
	Username string
	As       string
}

func readKubeconfig(path string) (kubeconfig, error) {
	var f kubeconfig
	raw, err := os.ReadFile(path) //nolint:gosec // the operator's file
	if err != nil {
		return f, fmt.Errorf("%w: reading where it is: %w; name the file by kubeconfig, or run the agent in the cluster", ErrNoAccess, err)
	}
	if err := yaml.Unmarshal(raw, &f); err != nil {
		return f, fmt.Errorf("%w: reading file %s: %w", ErrNoAccess, path, err)
	}
	return f, nil
}

// of is the cluster and the user of a context; what is not spoken here is
// refused.
func (f kubeconfig) of(context string) (cluster, user, error) {
	for _, c := range f.Contexts {
		if c.Name != context {
			continue
		}
		for _, cl := range f.Clusters {
			if cl.Name != c.Context.Cluster {
				continue
			}
			for _, u := range f.Users {
				if u.Name == c.Context.User {
					return cl.Cluster, u.User, errors.Join(cl.Cluster.spoken(), u.User.spoken())
				}
			}
			return cluster{}, user{}, fmt.Errorf("context %q names user %q, and there is none; write one of the file's users", context, c.Context.User)
		}
		return cluster{}, user{}, fmt.Errorf("context %q names cluster %q, and there is none; write one of the file's clusters", context, c.Context.Cluster)
	}
	if context == "" {
		return cluster{}, user{}, errors.New("it has no current context; write context")
	}
	return cluster{}, user{}, fmt.Errorf("it has no context %q; see kubectl config get-contexts", context)
}

func (c cluster) spoken() error {
	switch {
	case c.Insecure:
		return errors.New("insecure-skip-tls-verify would send the token to whoever answers; give it certificate-authority-data")
	case c.Proxy != "":
		return errors.New("proxy-url is not spoken here; use a context without")
	}
	return nil
}

func (u user) spoken() error {
	const instead = "use a context whose user has a token, a tokenFile or a client certificate, such as one of a service account (kubectl create token)"
	switch {
	case u.Exec != nil:
		return errors.New("its user is told by a program (exec), which is not run here: whoever rolls back may not have it; " + instead)
	case u.Provider != nil:
		return errors.New("its user is told by an auth-provider, which is not spoken here; " + instead)
	case u.Username != "":
		return errors.New("its user has a password, which is not spoken here; " + instead)
	case u.As != "":
		return errors.New("its user acts as another one, which is not spoken here; " + instead)
	}
	return nil
}

// fromFile reads the credentials of a context. Names of files are from the
// folder of the kubeconfig.
func (a Access) fromFile() (credentials, error) {
	fail := func(err error) (credentials, error) {
		return credentials{}, fmt.Errorf("%w: file %s: %w", ErrNoAccess, a.Kubeconfig, err)
	}
	f, err := readKubeconfig(a.Kubeconfig)
	if err != nil {
		return credentials{}, err
	}
	cl, u, err := f.of(a.Context)
	if err != nil {
		return fail(err)
	}
	read := func(data, file string) ([]byte, error) {
		switch {
		case data != "":
			return base64.StdEncoding.DecodeString(data)
		case file == "":
			return nil, nil
		}
		return os.ReadFile(a.beside(file))
	}
	out := credentials{tls: &tls.Config{ServerName: cl.ServerName, MinVersion: tls.VersionTLS12}}
	if out.tls.RootCAs, err = pool(read(cl.CAData, cl.CAFile)); err != nil {
		return fail(fmt.Errorf("reading the cluster's certificate: %w", err))
	}
	cert, err := read(u.CertData, u.CertFile)
	key, keyErr := read(u.KeyData, u.KeyFile)
	if err = errors.Join(err, keyErr); err == nil && len(cert)+len(key) > 0 {
		var pair tls.Certificate
		pair, err = tls.X509KeyPair(cert, key)
		out.tls.Certificates = []tls.Certificate{pair}
	}
	if err != nil {
		return fail(fmt.Errorf("reading the user's certificate and key: %w", err))
	}
	switch {
	case u.Token != "":
		out.token = func() (string, error) { return u.Token, nil }
	case u.TokenFile != "":
		out.token = fileToken(a.beside(u.TokenFile))
	}
	return out, nil
}

func (a Access) beside(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(filepath.Dir(a.Kubeconfig), file)
}

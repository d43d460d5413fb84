package pod_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/kill"
	"github.com/k2-platform/faultline/faults/pod"
	"github.com/k2-platform/faultline/faults/stop"
	"github.com/k2-platform/faultline/internal/kube/kubetest"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { faultstest.MainBeside(m, beside) }

const (
	bareManifest = `{"metadata": {"namespace": "lab", "name": "alone", "labels": {"app": "alone"}}, "spec": {"nodeName": "far", "containers": [{"name": "a", "image": "a:1"}]}}`
	// ownedManifest is of a pod that a controller names.
	ownedManifest = `{"metadata": {"namespace": "lab", "labels": {"app": "sink"}}, "spec": {"nodeName": "far", "containers": [{"name": "sink", "image": "sink:1"}]}}`
)

// beside is a cluster, or a container of one: what asks for either is a file
// in the child's folder.
func beside(ctx context.Context, dir string, ready func()) error {
	if id, err := os.ReadFile(filepath.Join(dir, "group")); err == nil {
		if err := os.WriteFile(filepath.Join(string(id), "cgroup.procs"), []byte("0"), 0o600); err != nil {
			return err
		}
		ready()
		<-ctx.Done()
		return nil
	}
	return serve(ctx, dir, ready)
}

// serve is a cluster with a pod that has no controller, and one of a
// ReplicaSet, which all outlive it.
func serve(ctx context.Context, dir string, ready func()) error {
	c, err := kubetest.Open(filepath.Join(dir, "cluster.json"))
	if err != nil {
		return err
	}
	if err := begin(c); err != nil {
		return err
	}
	c.Hold = filepath.Join(dir, "hold")
	l, err := again(ctx, filepath.Join(dir, "addr"))
	if err != nil {
		return err
	}
	s, err := c.Listen(l, filepath.Join(dir, "kubeconfig"))
	if err != nil {
		return err
	}
	ready()
	<-ctx.Done()
	s.Close()
	return nil
}

func begin(c *kubetest.Cluster) error {
	if len(c.Pods()) > 0 {
		return nil
	}
	c.Node("far", "another boot")
	if _, err := c.Add(bareManifest); err != nil {
		return err
	}
	_, err := c.Own("ReplicaSet", "sink", 1, ownedManifest)
	return err
}

// again listens where the cluster before did.
func again(ctx context.Context, file string) (net.Listener, error) {
	addr, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		addr = []byte("127.0.0.1:0")
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", string(addr))
	if err != nil {
		return nil, err
	}
	return l, os.WriteFile(file, []byte(l.Addr().String()), 0o600)
}

// slow has the cluster's controllers do nothing from the injection to the
// rollback, however long that is on this machine.
type slow struct{ faults.Driver }

func hold(r faults.Receipt) string {
	return filepath.Join(filepath.Dir(r.Undo["kubeconfig"]), "hold")
}

func (s slow) Inject(ctx context.Context, r faults.Receipt) error {
	if r.Undo == nil {
		return s.Driver.Inject(ctx, r)
	}
	return errors.Join(os.WriteFile(hold(r), nil, 0o600), s.Driver.Inject(ctx, r))
}

func (s slow) Rollback(ctx context.Context, r faults.Receipt) error {
	u, err := url.Parse(r.Undo["server"])
	if err != nil {
		return err
	}
	conn, err := (&net.Dialer{}).DialContext(context.WithoutCancel(ctx), "tcp", u.Host)
	if err != nil {
		return s.Driver.Rollback(ctx, r) // the cluster is gone, and this fails
	}
	_ = conn.Close()
	if err := os.Remove(hold(r)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return s.Driver.Rollback(ctx, r)
}

// TestDrivers deletes pods through a cluster that may be gone meanwhile.
func TestDrivers(t *testing.T) {
	for name, p := range map[string]spec.Pod{
		"alone":                 {Namespace: "lab", Name: "alone"},
		"one of a ReplicaSet's": {Namespace: "lab", Selector: "app=sink"},
	} {
		for _, kind := range []string{stop.Kind, kill.Kind} {
			f := spec.Fault{Kind: kind}
			if kind == stop.Kind {
				f.With = map[string]string{"grace": "1s"}
			}
			d := pod.End{Kind: kind, Dir: t.TempDir()}
			t.Run(strings.TrimPrefix(kind, "process.")+" "+name, func(t *testing.T) {
				faultstest.Run(t, faultstest.Suite{Fault: f, Lasts: true, New: func() faults.Driver { return slow{d} }, As: func(dir string) spec.Target {
					p := p
					p.Kubeconfig = filepath.Join(dir, "kubeconfig")
					return spec.Target{Pod: &p}
				}})
			})
		}
	}
}

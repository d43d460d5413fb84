package network_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/network"
	"github.com/k2-platform/faultline/internal/netns/netnstest"
	"github.com/k2-platform/faultline/spec"
)

// TestMain is also a keeper, as the light binary is, and an agent to kill.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == network.KeeperCommand {
		if network.Keep(context.Background(), os.Stdin, os.Stdout) != nil {
			os.Exit(1)
		}
		return
	}
	if receipt := os.Getenv(agentReceipt); receipt != "" {
		agent(receipt)
		return
	}
	faultstest.MainBeside(m, namespace)
}

// namespace is a target that is a network namespace: it is there as long as
// the child is.
func namespace(ctx context.Context, dir string, ready func()) (err error) {
	f, err := netnstest.Make()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := os.Symlink(netnstest.Path(f), filepath.Join(dir, "net")); err != nil {
		return err
	}
	ready()
	<-ctx.Done()
	return nil
}

func TestDriver(t *testing.T) {
	netnstest.New(t) // skips without the right to make one
	dir := t.TempDir()
	for name, c := range map[string]struct {
		fault spec.Fault
		ports []int
	}{
		"partition": {fault: spec.Fault{Kind: network.Partition}},
		"delay":     {spec.Fault{Kind: network.Delay, With: map[string]string{"jitter": "10ms"}}, []int{9092}},
	} {
		t.Run(name, func(t *testing.T) {
			faultstest.Run(t, faultstest.Suite{
				Fault: c.fault,
				New:   func() faults.Driver { return network.Driver{Kind: c.fault.Kind, Dir: dir} },
				As: func(dir string) spec.Target {
					return spec.Target{Network: &spec.Network{Namespace: filepath.Join(dir, "net"), Ports: c.ports}}
				},
			})
		})
	}
}

package network_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/network"
	"github.com/k2-platform/faultline/internal/netns/netnstest"
	"github.com/k2-platform/faultline/spec"
)

func TestWhatCannotBeDoneIsRefusedAtPlan(t *testing.T) {
	path := netnstest.New(t)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	ports := []int{9092}
	for name, c := range map[string]struct {
		kind string
		with map[string]string
		on   spec.Network
		want string
	}{
		"more than all":       {network.Loss, map[string]string{"share": "120%"}, spec.Network{Namespace: path}, "write a share from 0 to 1"},
		"no rate":             {network.Bandwidth, nil, spec.Network{Namespace: path}, "bytes_per_second is missing"},
		"no bound":            {network.Bandwidth, map[string]string{"bytes_per_second": "5GiB"}, spec.Network{Namespace: path}, "write less than 4GiB"},
		"early":               {network.Delay, map[string]string{"delay": "10ms", "jitter": "20ms"}, spec.Network{Namespace: path, Ports: ports}, "nothing comes early"},
		"a direction":         {network.Partition, map[string]string{"direction": "up"}, spec.Network{Namespace: path}, "write one of in, out, both"},
		"no parameter":        {network.Partition, map[string]string{"share": "1"}, spec.Network{Namespace: path}, `no parameter "share"`},
		"no such way":         {network.DNS, map[string]string{"how": "wrong"}, spec.Network{Namespace: path}, "write one of timeout, refused"},
		"no namespace":        {network.Partition, nil, spec.Network{Namespace: "/run/netns/there-is-none"}, "see that it is bound there"},
		"another kind of it":  {network.Partition, nil, spec.Network{Namespace: "/proc/self/ns/mnt", Ports: ports}, "is no network namespace"},
		"a file":              {network.Partition, nil, spec.Network{Namespace: file}, "is no network namespace"},
		"all of the host":     {network.Partition, nil, spec.Network{}, "all the traffic of the host"},
		"the host by a path":  {network.Partition, nil, spec.Network{Namespace: "/proc/thread-self/ns/net"}, "all the traffic of the host"},
		"the host's names":    {network.DNS, nil, spec.Network{Ports: ports}, "name servers are everybody's"},
		"a delay of all":      {network.Delay, nil, spec.Network{Namespace: path}, "name the target's ports"},
		"a container":         {network.Partition, nil, spec.Network{Container: &spec.Container{Name: "box", Engine: spec.DefaultEngine}}, "nothing here asks where the namespace of a container or pod is"},
		"a source that isn't": {network.Partition, nil, spec.Network{Namespace: path, Sources: []string{"kafka"}}, "write an address"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := network.Driver{Kind: c.kind, Dir: t.TempDir()}.Plan(t.Context(), spec.Fault{Kind: c.kind, Target: "x", With: c.with}, spec.Target{Network: &c.on})
			require.ErrorIs(t, err, faults.ErrRefused)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestANamespaceThatIsAnotherByNowIsNotBroken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "net")
	require.NoError(t, os.Symlink(netnstest.New(t), path))
	d := network.Driver{Kind: network.Partition, Dir: t.TempDir()}
	r, err := d.Plan(t.Context(), spec.Fault{Kind: d.Kind, Target: "x"}, spec.Target{Network: &spec.Network{Namespace: path}})
	require.NoError(t, err)
	r.ID = "exp/step"
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Symlink(netnstest.New(t), path))
	err = d.Inject(t.Context(), r)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "is gone")
	got, err := d.Probe(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, faults.Absent, got)
	require.NoError(t, d.Rollback(t.Context(), r))
}

type containers map[string]string

func (c containers) Namespace(_ context.Context, n spec.Network) (string, error) {
	return c[n.Container.Name], nil
}

func TestAContainersNamespaceIsFoundAtPlan(t *testing.T) {
	path := netnstest.New(t)
	d := network.Driver{Kind: network.Partition, Dir: t.TempDir(), Namespaces: containers{"box": path}}
	r, err := d.Plan(t.Context(), spec.Fault{Kind: d.Kind, Target: "x"}, spec.Target{Network: &spec.Network{Container: &spec.Container{Name: "box"}}})
	require.NoError(t, err)
	assert.Equal(t, path, r.Undo["namespace"])
	assert.Equal(t, "nftables", r.Undo["how"])
}

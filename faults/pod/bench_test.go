package pod_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/kill"
	"github.com/k2-platform/faultline/faults/pause"
	"github.com/k2-platform/faultline/faults/pod"
	"github.com/k2-platform/faultline/faults/stop"
	"github.com/k2-platform/faultline/internal/kube/kubetest"
	"github.com/k2-platform/faultline/spec"
)

// bench is a cluster in this process, and all drivers.
type bench struct {
	*kubetest.Cluster

	t       *testing.T
	target  spec.Target
	drivers map[string]faults.Driver
}

func newBench(t *testing.T) bench {
	t.Helper()
	c, err := kubetest.Open("")
	require.NoError(t, err)
	require.NoError(t, begin(c))
	dir := t.TempDir()
	return bench{c, t, spec.Target{Pod: &spec.Pod{Namespace: "lab", Name: "alone", Kubeconfig: c.Serve(t)}}, map[string]faults.Driver{
		stop.Kind: pod.End{Kind: stop.Kind, Dir: dir}, kill.Kind: pod.End{Kind: kill.Kind, Dir: dir}, pause.Kind: pod.Halt{},
	}}
}

func (b bench) plan(kind string, with map[string]string) (faults.Receipt, error) {
	r, err := b.drivers[kind].Plan(b.t.Context(), spec.Fault{Kind: kind, Target: "sink", With: with}, b.target)
	r.ID = "e/s"
	return r, err
}

func (b bench) must(kind string) (faults.Receipt, faults.Driver) {
	b.t.Helper()
	r, err := b.plan(kind, nil)
	require.NoError(b.t, err)
	return r, b.drivers[kind]
}

// owned has the target be the pod of the ReplicaSet.
func (b bench) owned() bench {
	p := *b.target.Pod
	p.Name, p.Selector = "", "app=sink"
	b.target.Pod = &p
	return b
}

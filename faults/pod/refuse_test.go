package pod_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/kill"
	"github.com/k2-platform/faultline/faults/pause"
	"github.com/k2-platform/faultline/faults/pod"
	"github.com/k2-platform/faultline/faults/stop"
	"github.com/k2-platform/faultline/internal/kube"
	"github.com/k2-platform/faultline/internal/kube/kubetest"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

func metaOf(o kubetest.Object) kubetest.Object { return o["metadata"].(map[string]any) }
func specOf(o kubetest.Object) kubetest.Object { return o["spec"].(map[string]any) }

// two gives a pod a second container.
func two(o kubetest.Object) {
	specOf(o)["containers"] = append(specOf(o)["containers"].([]any), map[string]any{"name": "b"})
}

func TestAPlanIsRefusedWithAReason(t *testing.T) {
	for name, c := range map[string]struct {
		kind   string
		with   map[string]string
		on     func(*spec.Pod)
		change func(kubetest.Object)
		forbid []string
		want   string
	}{
		"nobody has the name":     {kill.Kind, nil, func(p *spec.Pod) { p.Name = "none" }, nil, nil, `pods "none" not found`},
		"no labels fit":           {kill.Kind, nil, func(p *spec.Pod) { p.Name, p.Selector = "", "app=none" }, nil, nil, `selector "app=none" fits no pod in namespace lab`},
		"many labels fit":         {kill.Kind, nil, func(p *spec.Pod) { p.Name, p.Selector = "", "tier=" }, nil, nil, "fits 2 pods in namespace lab, and must fit one: write more of it, or the name of one of alone, sink-x"},
		"no cluster":              {kill.Kind, nil, func(p *spec.Pod) { p.Kubeconfig = "/nowhere/config" }, nil, nil, "the cluster cannot be asked: reading where it is"},
		"no context":              {kill.Kind, nil, func(p *spec.Pod) { p.Context = "far" }, nil, nil, `it has no context "far"`},
		"it has ended":            {stop.Kind, nil, nil, func(o kubetest.Object) { o["status"] = map[string]any{"phase": "Failed"} }, nil, "pod lab/alone is Failed, so nothing could be broken"},
		"it goes":                 {stop.Kind, nil, nil, func(o kubetest.Object) { metaOf(o)["deletionTimestamp"] = "noon" }, nil, "is on its way out since noon"},
		"no kill wanted":          {stop.Kind, map[string]string{"escalate": "false"}, nil, nil, nil, "the node kills a pod that outlasts its grace"},
		"a bad grace":             {stop.Kind, map[string]string{"grace": "soon"}, nil, nil, nil, "no length of time"},
		"a picture":               {stop.Kind, nil, nil, func(o kubetest.Object) { metaOf(o)["annotations"] = map[string]any{"kubernetes.io/config.mirror": "x"} }, nil, "is a picture of one that node far has from a file"},
		"a job's":                 {stop.Kind, nil, nil, ownedBy("batch/v1", "Job"), nil, "belongs to Job load, of which nothing here knows"},
		"more than the target":    {stop.Kind, nil, func(p *spec.Pod) { p.Container = "a" }, two, nil, "it would end all of pod lab/alone, and the target is its container a alone"},
		"a kill of more":          {kill.Kind, nil, func(p *spec.Pod) { p.Container = "a" }, two, nil, "runs on node far, which is not this machine"},
		"another node":            {pause.Kind, nil, nil, nil, nil, "pod lab/alone runs on node far, which is not this machine; give the target to an agent on that node"},
		"several containers":      {pause.Kind, nil, nil, two, nil, "has several containers: write container: one of a, b"},
		"no such container":       {pause.Kind, nil, func(p *spec.Pod) { p.Container = "c" }, nil, nil, `has no container "c": write one of a`},
		"a container that waits":  {pause.Kind, nil, func(p *spec.Pod) { p.Container = "b" }, two, nil, "container b of pod lab/alone does not run"},
		"no right to look":        {stop.Kind, nil, nil, nil, []string{"get pods", "list pods"}, "get pods -n lab: the account may not do that; give it the role"},
		"no right to list":        {stop.Kind, nil, nil, nil, []string{"get pods", "list pods"}, "list pods -n lab: the account may not do that"},
		"no right to end":         {stop.Kind, nil, nil, nil, []string{"delete pods", "create pods"}, "delete pods -n lab: the account may not do that"},
		"no right to bring back":  {stop.Kind, nil, nil, nil, []string{"create pods"}, "create pods -n lab: the account may not do that"},
		"no right to see nodes":   {pause.Kind, nil, nil, nil, []string{"get nodes"}, "get nodes: the account may not do that"},
		"no right to the owner's": {stop.Kind, nil, func(p *spec.Pod) { p.Name, p.Selector = "", "app=sink" }, nil, []string{"get replicasets"}, "get replicasets.apps -n lab: the account may not do that"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			if c.on != nil {
				c.on(b.target.Pod)
			}
			if c.change != nil {
				b.Change("lab/alone", c.change)
			}
			for _, right := range c.forbid {
				b.Forbid(right)
			}
			_, err := b.plan(c.kind, c.with)
			require.ErrorIs(t, err, faults.ErrRefused)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func ownedBy(version, kind string) func(kubetest.Object) {
	return func(o kubetest.Object) {
		metaOf(o)["ownerReferences"] = []any{map[string]any{"apiVersion": version, "kind": kind, "name": "load", "uid": "u", "controller": true}}
	}
}

func TestAKillFromElsewhereIsADeletion(t *testing.T) {
	b := newBench(t)
	r, _ := b.must(kill.Kind)
	assert.Equal(t, "delete", r.Undo["how"])
	assert.Equal(t, "0s", r.Undo["grace"])
	assert.Contains(t, r.Undo["manifest"], `"image":"a:1"`)
	r, _ = b.owned().must(kill.Kind)
	assert.Equal(t, "delete", r.Undo["how"])
	assert.Empty(t, r.Undo["manifest"], "its controller makes it again")
	assert.Contains(t, r.Undo["owner"], "ReplicaSet")

	_, err := b.Own("StatefulSet", "db", 1, `{"metadata": {"namespace": "lab"}, "spec": {"nodeName": "far", "containers": [{"name": "db"}]}}`)
	require.NoError(t, err)
	b.target.Pod.Name = "db-0"
	_, _ = b.plan(stop.Kind, nil) // time passes: it serves
	_, err = b.plan(kill.Kind, nil)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "may be there twice; use process.stop, or kill it by an agent on its node: refused: pod lab/db-0 runs on node far")
	_, err = b.plan(stop.Kind, nil)
	require.NoError(t, err)
}

func TestAKillOnItsNodeIsASignalUnlessTheNodeWouldNotStartItAgain(t *testing.T) {
	n, target := newNode(t, t.TempDir())
	b := bench{n.Cluster, t, target, map[string]faults.Driver{kill.Kind: pod.End{Kind: kill.Kind, Dir: t.TempDir()}, pause.Kind: pod.Halt{}}}
	r, err := b.plan(kill.Kind, nil)
	require.NoError(t, err)
	assert.Equal(t, "delete", r.Undo["how"], "no process of it is seen here")
	_, err = b.plan(pause.Kind, nil)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "the agent must run in the PID namespace of its node (hostPID: true)")

	c := sleeper(t, n)
	r, err = b.plan(kill.Kind, nil)
	require.NoError(t, err)
	assert.Equal(t, "signal", r.Undo["how"])
	assert.Equal(t, podNow(b, "lab/alone").Status.Containers[0].ID, "containerd://"+r.Undo["container_id"])
	assert.Equal(t, podNow(b, "lab/alone").Meta.UID, r.Undo["uid"])
	found, err := pod.Found{}.Find(t.Context(), faults.Kind{}, spec.Fault{}, target)
	require.NoError(t, err)
	assert.Equal(t, c.PID, found.PID)
	path, err := pod.Found{}.Namespace(t.Context(), spec.Network{Pod: target.Pod})
	require.NoError(t, err)
	assert.Equal(t, "/proc/"+itoa(c.PID)+"/ns/net", path)

	b.Change("lab/alone", func(o kubetest.Object) { specOf(o)["hostNetwork"] = true })
	_, err = pod.Found{}.Namespace(t.Context(), spec.Network{Pod: target.Pod})
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "has the network of its node")
	_, err = pod.Found{}.Namespace(t.Context(), spec.Network{Pod: target.Pod, Ports: []int{1}})
	require.NoError(t, err)

	b.Change("lab/alone", func(o kubetest.Object) { specOf(o)["restartPolicy"] = "Never" })
	r, err = b.plan(kill.Kind, nil)
	require.NoError(t, err)
	assert.Equal(t, "delete", r.Undo["how"])
	assert.Contains(t, r.Undo["manifest"], "Never")
}

func podNow(b bench, name string) kube.Pod { return b.Pods()[name] }

// A process that is stopped already would be let go on by the rollback.
func TestAPauseOfOneThatIsPausedIsRefused(t *testing.T) {
	n, target := newNode(t, t.TempDir())
	c := sleeper(t, n)
	require.NoError(t, process.Signal(c, sigstop))
	require.Eventually(t, func() bool { return c.State() == process.Paused }, patience, tick)
	_, err := pod.Halt{}.Plan(t.Context(), spec.Fault{Kind: pause.Kind, Target: "x"}, target)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "is paused; let it go on first")
}

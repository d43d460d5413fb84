package kube_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/internal/kube"
	"github.com/k2-platform/faultline/internal/kube/kubetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const manifest = `{"metadata": {"namespace": "lab", "name": "sink", "labels": {"app": "sink"}},
	"spec": {"nodeName": "one", "containers": [{"name": "sink", "image": "sink:1", "env": [{"name": "A", "value": "b"}]}]}}`

func open(t *testing.T, kubeconfig string) *kube.Client {
	t.Helper()
	a, err := kube.Find(kubeconfig, "")
	require.NoError(t, err)
	c, err := kube.Open(a)
	require.NoError(t, err)
	return c
}

func cluster(t *testing.T) (*kubetest.Cluster, *kube.Client) {
	t.Helper()
	c, err := kubetest.Open("")
	require.NoError(t, err)
	return c, open(t, c.Serve(t))
}

func TestAPodGoesAndIsMadeAgain(t *testing.T) {
	cl, c := cluster(t)
	first, err := cl.Add(manifest)
	require.NoError(t, err)
	ctx := t.Context()
	p, err := c.Pod(ctx, "lab", "sink")
	require.NoError(t, err)
	assert.Equal(t, first.Meta, p.Meta)
	assert.True(t, p.Ready())
	_, has := p.Controller()
	assert.False(t, has)

	other := p.Meta
	other.UID = "another"
	require.ErrorIs(t, c.Delete(ctx, other, 0), kube.ErrConflict)
	require.NoError(t, c.Delete(ctx, p.Meta, 1500*time.Millisecond))
	assert.False(t, cl.Pods()["lab/sink"].Ready(), "it was told to go")
	require.Eventually(t, func() bool { _, err := c.Pod(ctx, "lab", "sink"); return err != nil }, 5*time.Second, time.Millisecond)
	_, err = c.Pod(ctx, "lab", "sink")
	require.ErrorIs(t, err, kube.ErrNotFound)
	require.ErrorContains(t, err, `GET /api/v1/namespaces/lab/pods/sink: the cluster says 404: pods "sink" not found: the cluster does not know it; see kubectl get`)
	require.ErrorIs(t, c.Delete(ctx, p.Meta, 0), kube.ErrNotFound)

	again, err := p.Manifest()
	require.NoError(t, err)
	require.NoError(t, c.Create(ctx, "lab", again))
	require.ErrorIs(t, c.Create(ctx, "lab", again), kube.ErrConflict)
	second, err := c.Pod(ctx, "lab", "sink")
	require.NoError(t, err)
	assert.NotEqual(t, p.Meta.UID, second.Meta.UID)
	assert.Equal(t, p.Spec, second.Spec)
	same, err := second.Manifest()
	require.NoError(t, err)
	assert.JSONEq(t, string(again), string(same))
	assert.Contains(t, string(same), `"env":[{"name":"A","value":"b"}]`, "what is not known here is kept")
	require.NoError(t, c.Delete(ctx, second.Meta, 0))
	_, err = c.Pod(ctx, "lab", "sink")
	require.ErrorIs(t, err, kube.ErrNotFound)
}

func TestAManifestHasNothingThatTheClusterSets(t *testing.T) {
	var p kube.Pod
	require.NoError(t, json.Unmarshal([]byte(`{"metadata": {"name": "a", "namespace": "n", "uid": "u", "resourceVersion": "7", "generation": 1,
		"creationTimestamp": "x", "deletionTimestamp": "y", "deletionGracePeriodSeconds": 30, "managedFields": [], "generateName": "a-", "labels": {"app": "a"}},
		"spec": {"nodeName": "one", "ephemeralContainers": [{}], "containers": [{"name": "a"}]}, "status": {"phase": "Running"}}`), &p))
	m, err := p.Manifest()
	require.NoError(t, err)
	assert.JSONEq(t, `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "n", "labels": {"app": "a"}},
		"spec": {"nodeName": "one", "containers": [{"name": "a"}]}}`, string(m))
}

func TestPodsComeInPages(t *testing.T) {
	cl, c := cluster(t)
	o, err := cl.Own("ReplicaSet", "sink", 3, manifest)
	require.NoError(t, err)
	_, err = cl.Add(`{"metadata": {"namespace": "lab", "name": "other"}, "spec": {"containers": [{"name": "c"}]}}`)
	require.NoError(t, err)
	_, err = cl.Add(`{"metadata": {"namespace": "far", "name": "other"}, "spec": {"containers": [{"name": "c"}]}}`)
	require.NoError(t, err)
	all, err := c.Pods(t.Context(), "lab", "")
	require.NoError(t, err)
	assert.Len(t, all, 4)
	sinks, err := c.Pods(t.Context(), "lab", "app=sink")
	require.NoError(t, err)
	require.Len(t, sinks, 3)
	by, has := sinks[0].Controller()
	assert.True(t, has)
	assert.Equal(t, o.Owner, by)
	assert.True(t, by.Known())
	assert.False(t, kube.Owner{APIVersion: "batch/v1", Kind: "Job"}.Known())

	wanted := func() (int, error) { return c.Wanted(t.Context(), "lab", by) }
	n, err := wanted()
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	cl.Scale(o.UID, 1)
	n, err = wanted()
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	by.UID = "another"
	_, err = wanted()
	require.ErrorIs(t, err, kube.ErrNotFound)
	cl.Remove(o.UID)
	_, err = wanted()
	require.ErrorIs(t, err, kube.ErrNotFound)
}

func TestWhatAnAccountLacksIsTold(t *testing.T) {
	cl, c := cluster(t)
	rights := []kube.Right{{"get", "", "pods", "lab"}, {"delete", "", "pods", "lab"}, {"get", "", "nodes", ""}, {"get", "apps", "replicasets", "lab"}}
	require.NoError(t, c.Lacks(t.Context(), rights...))
	for _, r := range []string{"delete pods", "get nodes", "get replicasets"} {
		cl.Forbid(r)
	}
	err := c.Lacks(t.Context(), rights...)
	require.ErrorIs(t, err, kube.ErrForbidden)
	for _, lacks := range []string{"delete pods -n lab: ", "get nodes: ", "get replicasets.apps -n lab: "} {
		require.ErrorContains(t, err, lacks)
	}
	assert.NotContains(t, err.Error(), "get pods -n lab")
	_, err = c.NodeBoot(t.Context(), "one")
	require.ErrorIs(t, err, kube.ErrForbidden)
}

func TestAnOddAnswerIsAnError(t *testing.T) {
	for name, a := range map[string]struct {
		kubetest.Answer
		want      string
		forbidden bool
	}{
		"a page":            {kubetest.Answer{Status: 200, Body: "<html>"}, "reading its answer", false},
		"another thing":     {kubetest.Answer{Status: 200, Body: `{}`}, "no answer of Kubernetes", false},
		"a refusal":         {kubetest.Answer{Status: 500, Body: `{"message": "etcd is away"}`}, "500: etcd is away", false},
		"a refusal, mute":   {kubetest.Answer{Status: 503}, "503 Service Unavailable", false},
		"a place elsewhere": {kubetest.Answer{Status: 302}, "302", false},
		"a stranger":        {kubetest.Answer{Status: 401}, "renew its token", true},
	} {
		t.Run(name, func(t *testing.T) {
			cl, c := cluster(t)
			cl.Says("GET /api/v1/namespaces/lab/pods/sink", a.Answer)
			_, err := c.Pod(t.Context(), "lab", "sink")
			require.ErrorContains(t, err, a.want)
			require.NotErrorIs(t, err, kube.ErrNotFound)
			assert.Equal(t, a.forbidden, errors.Is(err, kube.ErrForbidden))
		})
	}
	cl, c := cluster(t)
	cl.Says("GET /api/v1/nodes/one", kubetest.Answer{Status: 200, Body: `{}`})
	_, err := c.NodeBoot(t.Context(), "one")
	require.ErrorContains(t, err, "names no boot id")
}

func TestAClusterThatIsNotThereIsUnreachable(t *testing.T) {
	cl, err := kubetest.Open("")
	require.NoError(t, err)
	s := httptest.NewTLSServer(cl)
	file := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(file, []byte(kubetest.Config(s)), 0o600))
	s.Close()
	c := open(t, file)
	_, err = c.Pod(t.Context(), "lab", "sink")
	require.ErrorIs(t, err, kube.ErrUnreachable)
	require.ErrorContains(t, err, s.URL)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err = c.Pod(ctx, "lab", "sink")
	require.ErrorIs(t, err, context.Canceled)
}

// What a server sends elsewhere is not asked there.
func TestNoOtherServerIsAsked(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			t.Error("it was asked")
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer s.Close()
	file := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(file, []byte(kubetest.Config(s)), 0o600))
	_, err := open(t, file).Pod(t.Context(), "lab", "sink")
	require.ErrorContains(t, err, "307")
}

// A name may not lead to another path of the API.
func TestANameIsOnePartOfThePath(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/api/v1/namespaces/lab/pods/a%2F..%2Fb%3Fc", r.URL.EscapedPath())
		_, _ = w.Write([]byte(`{"metadata": {"uid": "u"}}`))
	}))
	defer s.Close()
	file := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(file, []byte(kubetest.Config(s)), 0o600))
	_, err := open(t, file).Pod(t.Context(), "lab", "a/../b?c")
	require.NoError(t, err)
}

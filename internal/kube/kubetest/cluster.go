// Package kubetest is a cluster for tests: it answers as Kubernetes' API does,
// makes pods again as controllers do, and runs nothing. Time passes in it
// whenever it is asked something.
package kubetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/k2-platform/faultline/internal/kube"
	"github.com/k2-platform/faultline/internal/process"
)

// Token is the one that a Cluster takes.
const Token = "a-token"

// Object is one thing in a cluster, as JSON has it.
type Object = map[string]any

// Cluster is an http.Handler. Open makes one.
type Cluster struct {
	// Hold is a file: while it is there no controller makes a pod, and none gets
	// ready. "" holds nothing.
	Hold string

	// file keeps what is there for a cluster that is opened later; "" keeps it
	// in memory.
	file string

	mu        sync.Mutex
	state     state
	forbidden map[string]bool // "verb resource"
	asked     map[kube.Right]bool
	odd       map[string]Answer
}

// state is what a cluster keeps in its file.
type state struct {
	Pods   map[string]Object    // by namespace/name
	Owners map[string]*Owner    // by uid
	Nodes  map[string]string    // boot ids by name
	Ends   map[string]time.Time // of pods that were told to go, by uid
	UIDs   int
}

// Owner is a controller.
type Owner struct {
	kube.Owner

	Namespace string
	Replicas  int
	Template  Object // a pod of it
}

// Answer is what a Cluster says instead of what it would.
type Answer struct {
	Status int
	Body   string
}

// Open reads what another cluster kept in file, if there is one.
func Open(file string) (*Cluster, error) {
	c := &Cluster{file: file, forbidden: map[string]bool{}, asked: map[kube.Right]bool{}, odd: map[string]Answer{}, state: state{
		Pods: map[string]Object{}, Owners: map[string]*Owner{}, Nodes: map[string]string{}, Ends: map[string]time.Time{},
	}}
	if file == "" {
		return c, nil
	}
	raw, err := os.ReadFile(file) //nolint:gosec // of a test
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &c.state)
	}
	return c, err
}

// Node adds a node whose boot id is this.
func (c *Cluster) Node(name, boot string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.Nodes[name] = boot
}

// Add adds a pod that serves, and says what it then is. What the manifest does
// not say is as the API makes it.
func (c *Cluster) Add(manifest string) (kube.Pod, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var o Object
	if err := json.Unmarshal([]byte(manifest), &o); err != nil {
		return kube.Pod{}, err
	}
	c.put(o)
	serve(o)
	return podOf(o), c.keep()
}

// Own adds a controller that has so many pods like the one of a manifest.
func (c *Cluster) Own(kind, name string, replicas int, manifest string) (*Owner, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.UIDs++
	version := "apps/v1"
	if kind == "ReplicationController" {
		version = "v1"
	}
	o := &Owner{Owner: kube.Owner{APIVersion: version, Kind: kind, Name: name, UID: fmt.Sprintf("uid-%d", c.state.UIDs), Controller: true}, Replicas: replicas}
	if err := json.Unmarshal([]byte(manifest), &o.Template); err != nil {
		return nil, err
	}
	meta := o.Template["metadata"].(map[string]any)
	o.Namespace, _ = meta["namespace"].(string)
	meta["ownerReferences"] = []any{plain(o.Owner)}
	c.state.Owners[o.UID] = o
	c.control()
	return o, c.keep()
}

// Change changes a pod; Remove removes one, or a controller by its uid.
func (c *Cluster) Change(pod string, how func(Object)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	how(c.state.Pods[pod])
}

// Remove removes a pod, or a controller by its uid.
func (c *Cluster) Remove(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.state.Pods, name)
	delete(c.state.Owners, name)
}

// Scale has a controller want so many pods.
func (c *Cluster) Scale(uid string, replicas int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.Owners[uid].Replicas = replicas
}

// Pods are those that are there, by namespace/name, without any time passing.
func (c *Cluster) Pods() map[string]kube.Pod {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]kube.Pod{}
	for name, o := range c.state.Pods {
		out[name] = podOf(o)
	}
	return out
}

// Forbid takes a right, such as "delete pods", from the account.
func (c *Cluster) Forbid(right string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forbidden[right] = true
}

// Asked are the rights that the account was looked at for.
func (c *Cluster) Asked() []kube.Right {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.asked))
}

// Says has a request, such as "DELETE /api/v1/namespaces/n/pods/p", answered
// so. The zero Answer has it answered as it would be.
func (c *Cluster) Says(request string, a Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.odd[request] = a
}

func (c *Cluster) keep() error {
	if c.file == "" {
		return nil
	}
	raw, err := json.Marshal(c.state)
	if err != nil {
		return err
	}
	return process.WriteFile(c.file, raw, 0o600)
}

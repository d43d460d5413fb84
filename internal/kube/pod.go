package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Pod is what the cluster says of one.
type Pod struct {
	Meta   Meta      `json:"metadata"`
	Spec   PodSpec   `json:"spec"`
	Status PodStatus `json:"status"`

	raw json.RawMessage // all that it says
}

// Meta is what everything in a cluster has.
type Meta struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	UID         string            `json:"uid"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	// Deleted is when it was told to go; "" while it was not.
	Deleted string  `json:"deletionTimestamp,omitempty"`
	Owners  []Owner `json:"ownerReferences,omitempty"`
}

// Owner is what something belongs to.
type Owner struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	UID        string `json:"uid"`
	Controller bool   `json:"controller"`
}

// PodSpec is how a pod was made.
type PodSpec struct {
	NodeName      string `json:"nodeName,omitempty"`
	RestartPolicy string `json:"restartPolicy,omitempty"` // Always, OnFailure or Never
	HostNetwork   bool   `json:"hostNetwork,omitempty"`
	Containers    []struct {
		Name string `json:"name"`
	} `json:"containers"`
}

// PodStatus is how a pod is.
type PodStatus struct {
	Phase      string            `json:"phase"` // Pending, Running, Succeeded, Failed or Unknown
	Conditions []Condition       `json:"conditions,omitempty"`
	Containers []ContainerStatus `json:"containerStatuses,omitempty"`
}

// Condition is one thing that holds of a pod, or does not.
type Condition struct {
	Type   string `json:"type"`
	Status string `json:"status"` // True, False or Unknown
}

// ContainerStatus is how one container of a pod is.
type ContainerStatus struct {
	Name  string `json:"name"`
	ID    string `json:"containerID"` // runtime://id
	Ready bool   `json:"ready"`
	State struct {
		Running *struct {
			StartedAt string `json:"startedAt"`
		} `json:"running,omitempty"`
	} `json:"state"`
}

// UnmarshalJSON keeps what this package does not know, for Manifest.
func (p *Pod) UnmarshalJSON(raw []byte) error {
	type plain Pod
	if err := json.Unmarshal(raw, (*plain)(p)); err != nil {
		return err
	}
	p.raw = append(json.RawMessage(nil), raw...)
	return nil
}

// Ready says that the pod serves: all its containers are ready, and nobody
// told it to go.
func (p Pod) Ready() bool {
	if p.Meta.Deleted != "" {
		return false
	}
	for _, c := range p.Status.Conditions {
		if c.Type == "Ready" {
			return c.Status == "True"
		}
	}
	return false
}

// Controller is who makes such a pod again; false where nobody does.
func (p Pod) Controller() (Owner, bool) {
	for _, o := range p.Meta.Owners {
		if o.Controller {
			return o, true
		}
	}
	return Owner{}, false
}

// errOdd says that an answer is not one that a cluster gives.
var errOdd = errors.New("that is no answer of Kubernetes")

// Pod finds a pod by its name; ErrNotFound where there is none.
func (c *Client) Pod(ctx context.Context, namespace, name string) (Pod, error) {
	var out Pod
	err := c.call(ctx, http.MethodGet, pods(namespace, name), nil, &out)
	if err == nil && out.Meta.UID == "" {
		err = fmt.Errorf("asking the cluster at %s for pod %s/%s: %w: it names no uid", c.server, namespace, name, errOdd)
	}
	if err != nil {
		return Pod{}, err
	}
	return out, nil
}

// pageOf is how many pods are asked for at once.
const pageOf = 500

// Pods are those of a namespace that a selector of labels fits; "" fits all.
func (c *Client) Pods(ctx context.Context, namespace, selector string) ([]Pod, error) {
	query := url.Values{"limit": {strconv.Itoa(pageOf)}}
	if selector != "" {
		query.Set("labelSelector", selector)
	}
	var all []Pod
	for {
		var page struct {
			Meta struct {
				Continue string `json:"continue"`
			} `json:"metadata"`
			Items []Pod `json:"items"`
		}
		if err := c.call(ctx, http.MethodGet, pods(namespace)+"?"+query.Encode(), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Meta.Continue == "" {
			return all, nil
		}
		query.Set("continue", page.Meta.Continue)
	}
}

// Delete tells the very pod of a uid to go within a grace, in whole seconds;
// 0 removes it from the cluster at once, and its node ends it a little later. A
// pod of that name with another uid is ErrConflict, none ErrNotFound.
func (c *Client) Delete(ctx context.Context, p Meta, grace time.Duration) error {
	type preconditions struct {
		UID string `json:"uid"`
	}
	in := struct {
		APIVersion    string        `json:"apiVersion"`
		Kind          string        `json:"kind"`
		Grace         int64         `json:"gracePeriodSeconds"`
		Preconditions preconditions `json:"preconditions"`
	}{"v1", "DeleteOptions", int64(math.Ceil(grace.Seconds())), preconditions{p.UID}}
	return c.call(ctx, http.MethodDelete, pods(p.Namespace, p.Name), in, nil)
}

// Create makes a pod of a manifest. One whose name is taken is ErrConflict.
func (c *Client) Create(ctx context.Context, namespace string, manifest json.RawMessage) error {
	return c.call(ctx, http.MethodPost, pods(namespace), manifest, nil)
}

func pods(namespace string, name ...string) string {
	return at(append([]string{"api", "v1", "namespaces", namespace, "pods"}, name...)...)
}

package kube

import (
	"context"
	"fmt"
	"net/http"
)

// plural is how the API calls a kind of controller in its group; "" for a kind
// that nothing here knows.
func (o Owner) plural() (group, version, resource string) {
	switch {
	case o.APIVersion == "v1" && o.Kind == "ReplicationController":
		return "", "v1", "replicationcontrollers"
	case o.APIVersion != "apps/v1":
		return "", "", ""
	}
	switch o.Kind {
	case "ReplicaSet":
		return "apps", "v1", "replicasets"
	case "StatefulSet":
		return "apps", "v1", "statefulsets"
	case "DaemonSet":
		return "apps", "v1", "daemonsets"
	}
	return "", "", ""
}

// Known says that the kind of controller is one of which Wanted can be asked.
func (o Owner) Known() bool {
	_, _, resource := o.plural()
	return resource != ""
}

// Wanted is how many pods a controller is to have; ErrNotFound where it is
// gone, or another one has its name.
func (c *Client) Wanted(ctx context.Context, namespace string, o Owner) (int, error) {
	group, version, resource := o.plural()
	path := at("api", version, "namespaces", namespace, resource, o.Name)
	switch {
	case resource == "":
		return 0, fmt.Errorf("asking for %s %s: %w", o.Kind, o.Name, errOdd)
	case group != "":
		path = at("apis", group, version, "namespaces", namespace, resource, o.Name)
	}
	var out struct {
		Meta Meta `json:"metadata"`
		Spec struct {
			Replicas *int `json:"replicas"`
		} `json:"spec"`
		Status struct {
			Desired int `json:"desiredNumberScheduled"` // of a DaemonSet
		} `json:"status"`
	}
	if err := c.call(ctx, http.MethodGet, path, nil, &out); err != nil {
		return 0, err
	}
	switch {
	case out.Meta.UID != o.UID || out.Meta.Deleted != "":
		return 0, fmt.Errorf("asking the cluster at %s for %s %s/%s, uid %s: %w", c.server, o.Kind, namespace, o.Name, o.UID, ErrNotFound)
	case o.Kind == "DaemonSet":
		return out.Status.Desired, nil
	case out.Spec.Replicas == nil:
		return 1, nil // as the API has it
	}
	return *out.Spec.Replicas, nil
}

package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Right is one thing that an account may do.
type Right struct {
	Verb, Group, Resource string
	Namespace             string // "" for what is in none
}

// String says it as kubectl auth can-i takes it.
func (r Right) String() string {
	resource := r.Resource
	if r.Group != "" {
		resource += "." + r.Group
	}
	if r.Namespace == "" {
		return r.Verb + " " + resource
	}
	return r.Verb + " " + resource + " -n " + r.Namespace
}

// RightTo is what Wanted needs of a controller.
func (o Owner) RightTo(namespace string) Right {
	group, _, resource := o.plural()
	return Right{"get", group, resource, namespace}
}

// Lacks are all rights of a list that this account has not, each as
// ErrForbidden; nil: it has them. Where the cluster cannot be asked that is the
// error.
func (c *Client) Lacks(ctx context.Context, rights ...Right) error {
	var all []error
	for _, r := range rights {
		ok, why, err := c.may(ctx, r)
		switch {
		case err != nil:
			return err
		case ok:
		case why == "":
			all = append(all, fmt.Errorf("%s: %w", r, ErrForbidden))
		default:
			all = append(all, fmt.Errorf("%s: %w (%s)", r, ErrForbidden, why))
		}
	}
	return errors.Join(all...)
}

// may is a SelfSubjectAccessReview, which every account may ask for.
func (c *Client) may(ctx context.Context, r Right) (ok bool, why string, err error) {
	type attributes struct {
		Verb      string `json:"verb"`
		Group     string `json:"group"`
		Resource  string `json:"resource"`
		Namespace string `json:"namespace,omitempty"`
	}
	type spec struct {
		Attributes attributes `json:"resourceAttributes"`
	}
	in := struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Spec       spec   `json:"spec"`
	}{"authorization.k8s.io/v1", "SelfSubjectAccessReview", spec{attributes(r)}}
	var out struct {
		Status struct {
			Allowed bool   `json:"allowed"`
			Reason  string `json:"reason"`
		} `json:"status"`
	}
	err = c.call(ctx, http.MethodPost, at("apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"), in, &out)
	return out.Status.Allowed, out.Status.Reason, err
}

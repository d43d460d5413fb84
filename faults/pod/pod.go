// Package pod breaks pods of Kubernetes: ends them through the API of their
// cluster, and stops the processes of those that run on this machine. What comes
// from within a pod's control groups or network namespace is broken by the
// drivers of these, which find it here by the first process of a container.
package pod

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/kube"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// Keys of a receipt's Undo. It holds where the account's secrets lie, and none
// of them.
const (
	undoServer     = "server"
	undoAccount    = "account"
	undoKubeconfig = "kubeconfig"
	undoContext    = "context"
	undoNamespace  = "namespace"
	undoPod        = "pod"
	undoUID        = "uid"
	undoContainer  = "container" // for people
	undoID         = "container_id"
)

// found is a pod that a plan found.
type found struct {
	*kube.Client
	kube.Pod

	access kube.Access
}

// String names it to people.
func (f found) String() string { return f.Meta.Namespace + "/" + f.Meta.Name }

// refused makes what a plan lacks, and what asking again does not change, a
// refusal.
func refused(err error) error {
	for _, final := range []error{kube.ErrNoAccess, kube.ErrNotFound, kube.ErrForbidden} {
		if errors.Is(err, final) && !errors.Is(err, faults.ErrRefused) {
			return fmt.Errorf("%w: %w", faults.ErrRefused, err)
		}
	}
	return err
}

// find finds the pod of a target, for Plan. One that does not run is
// faults.ErrRefused, and so is a right that the account lacks.
func find(ctx context.Context, t spec.Pod) (found, error) {
	access, err := kube.Find(t.Kubeconfig, t.Context)
	var client *kube.Client
	if err == nil {
		client, err = kube.Open(access)
	}
	if err != nil {
		return found{}, refused(err)
	}
	if err := client.Lacks(ctx, kube.Right{Verb: "get", Resource: "pods", Namespace: t.Namespace}, kube.Right{Verb: "list", Resource: "pods", Namespace: t.Namespace}); err != nil {
		return found{}, refused(err)
	}
	p, err := one(ctx, client, t)
	switch {
	case err != nil:
		return found{}, refused(err)
	case p.Meta.Deleted != "":
		err = fmt.Errorf("%w: pod %s/%s is on its way out since %s; wait for what takes its place", faults.ErrRefused, t.Namespace, p.Meta.Name, p.Meta.Deleted)
	case p.Status.Phase != "Running":
		err = fmt.Errorf("%w: pod %s/%s is %s, so nothing could be broken; see kubectl describe pod", faults.ErrRefused, t.Namespace, p.Meta.Name, p.Status.Phase)
	}
	return found{client, p, access}, err
}

// one is the pod of a name, or the only one that a selector fits. Pods that
// are on their way out, or have ended, are none of them.
func one(ctx context.Context, client *kube.Client, t spec.Pod) (kube.Pod, error) {
	if t.Name != "" {
		return client.Pod(ctx, t.Namespace, t.Name)
	}
	all, err := client.Pods(ctx, t.Namespace, t.Selector)
	if err != nil {
		return kube.Pod{}, err
	}
	var fit []kube.Pod
	var names []string
	for _, p := range all {
		if p.Meta.Deleted == "" && p.Status.Phase != "Succeeded" && p.Status.Phase != "Failed" {
			fit, names = append(fit, p), append(names, p.Meta.Name)
		}
	}
	switch {
	case len(fit) == 1:
		return fit[0], nil
	case len(fit) == 0:
		return kube.Pod{}, fmt.Errorf("%w: selector %q fits no pod in namespace %s; see kubectl get pods --show-labels", faults.ErrRefused, t.Selector, t.Namespace)
	}
	return kube.Pod{}, fmt.Errorf("%w: selector %q fits %d pods in namespace %s, and must fit one: write more of it, or the name of one of %s; several are a target each, and a group of them",
		faults.ErrRefused, t.Selector, len(fit), t.Namespace, strings.Join(names, ", "))
}

// receipt has what all faults of a pod have in it.
func (f found) receipt(kind string, target spec.TargetName) (faults.Receipt, error) {
	boot, err := process.BootID()
	r := faults.Receipt{Kind: kind, Target: string(target), BootID: boot, Undo: map[string]string{}}
	f.note(r)
	return r, err
}

// note writes which pod it is, and how its cluster is asked.
func (f found) note(r faults.Receipt) {
	for key, value := range map[string]string{
		undoServer: f.access.Server, undoAccount: f.access.Account, undoKubeconfig: f.access.Kubeconfig, undoContext: f.access.Context,
		undoNamespace: f.Meta.Namespace, undoPod: f.Meta.Name, undoUID: f.Meta.UID,
	} {
		if value != "" {
			r.Undo[key] = value
		}
	}
}

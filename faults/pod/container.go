package pod

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/kube"
	"github.com/k2-platform/faultline/internal/process"
)

// container is one of a pod, as the runtime of its node knows it. One made
// anew has another id.
type container struct{ name, id string }

// shortestID keeps an id from being found in what is not its group: those of
// runtimes have 64 digits.
const shortestID = 32

// container is the one of a name, or the only one. A pod of several, and one
// that does not run, is faults.ErrRefused.
func (f found) container(name string) (container, error) {
	var names []string
	for _, c := range f.Spec.Containers {
		names = append(names, c.Name)
	}
	switch {
	case name == "" && len(names) != 1:
		return container{}, fmt.Errorf("%w: pod %s has several containers: write container: one of %s", faults.ErrRefused, f, strings.Join(names, ", "))
	case name == "":
		name = names[0]
	case !slices.Contains(names, name):
		return container{}, fmt.Errorf("%w: pod %s has no container %q: write one of %s", faults.ErrRefused, f, name, strings.Join(names, ", "))
	}
	status := statusOf(f.Pod, name)
	if status.State.Running == nil {
		return container{}, fmt.Errorf("%w: container %s of pod %s does not run; see kubectl describe pod", faults.ErrRefused, name, f)
	}
	_, id, _ := strings.Cut(status.ID, "://")
	if len(id) < shortestID || strings.ContainsAny(id, "/ \n") {
		return container{}, fmt.Errorf("%w: the cluster says that container %s of pod %s has id %q, by which no process is found", faults.ErrRefused, name, f, status.ID)
	}
	return container{name, id}, nil
}

// statusOf is how a container is; the zero one where the cluster does not say.
func statusOf(p kube.Pod, name string) kube.ContainerStatus {
	for _, s := range p.Status.Containers {
		if s.Name == name {
			return s
		}
	}
	return kube.ContainerStatus{}
}

// here refuses a pod of another node: its processes are not of this machine.
func (f found) here(ctx context.Context) error {
	if err := f.Lacks(ctx, kube.Right{Verb: "get", Resource: "nodes"}); err != nil {
		return refused(err)
	}
	there, err := f.NodeBoot(ctx, f.Spec.NodeName)
	if err != nil {
		return refused(err)
	}
	own, err := process.BootID()
	if err == nil && there != own {
		err = fmt.Errorf("%w: pod %s runs on node %s, which is not this machine; give the target to an agent on that node", faults.ErrRefused, f, f.Spec.NodeName)
	}
	return err
}

// first is the first process of a container on this machine; faults.ErrRefused
// where it is not seen here.
func (f found) first(ctx context.Context, c container) (process.Record, error) {
	if err := f.here(ctx); err != nil {
		return process.Record{}, err
	}
	all, err := members(c.id)
	if err != nil {
		return process.Record{}, err
	}
	if len(all) == 0 {
		return process.Record{}, fmt.Errorf("%w: no process is seen here in control groups of container %s of pod %s, id %.12s: the agent must run in the PID namespace of its node (hostPID: true)",
			faults.ErrRefused, c.name, f, c.id)
	}
	return oldest(all), nil
}

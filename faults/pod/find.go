package pod

import (
	"context"
	"fmt"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/faults/network"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// Found finds the process by which the control groups and the network
// namespace of a pod on this machine are found: the first one of a container.
// The zero value is ready.
type Found struct{}

var (
	_ inside.Finder      = Found{}
	_ network.Namespaces = Found{}
)

// Find implements inside.Finder.
func (Found) Find(ctx context.Context, _ faults.Kind, _ spec.Fault, t spec.Target) (process.Record, error) {
	if t.Pod == nil {
		return process.Record{}, fmt.Errorf("%w: it is no pod", faults.ErrRefused)
	}
	l, err := local(ctx, *t.Pod)
	return l.process, err
}

// Namespace implements network.Namespaces. All containers of a pod share it.
func (Found) Namespace(ctx context.Context, n spec.Network) (string, error) {
	if n.Pod == nil {
		return "", fmt.Errorf("%w: it names no pod", faults.ErrRefused)
	}
	t := *n.Pod
	f, err := find(ctx, t)
	if err != nil {
		return "", err
	}
	if f.Spec.HostNetwork && len(n.Ports) == 0 {
		return "", fmt.Errorf("%w: pod %s has the network of its node, whose traffic is everybody's; name the ports that it listens on", faults.ErrRefused, f)
	}
	if t.Container == "" && len(f.Spec.Containers) > 0 {
		t.Container = f.Spec.Containers[0].Name
	}
	l, err := f.local(ctx, t.Container)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("/proc/%d/ns/net", l.process.PID), nil
}

// onNode is a container of a pod of this machine, and its first process.
type onNode struct {
	found
	container container
	process   process.Record
}

func local(ctx context.Context, t spec.Pod) (onNode, error) {
	f, err := find(ctx, t)
	if err != nil {
		return onNode{}, err
	}
	return f.local(ctx, t.Container)
}

func (f found) local(ctx context.Context, name string) (onNode, error) {
	c, err := f.container(name)
	if err != nil {
		return onNode{}, err
	}
	p, err := f.first(ctx, c)
	p.Name = f.String()
	return onNode{f, c, p}, err
}

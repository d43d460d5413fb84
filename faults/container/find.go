package container

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/faults/network"
	"github.com/k2-platform/faultline/internal/docker"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// Found finds the process by which the control groups and the network
// namespace of a target are found: of a container its first one. The zero value
// is ready.
type Found struct{}

var (
	_ inside.Finder      = Found{}
	_ network.Namespaces = Found{}
)

// Find implements inside.Finder, for processes of this host, too.
func (Found) Find(ctx context.Context, kind faults.Kind, f spec.Fault, t spec.Target) (process.Record, error) {
	if t.Container == nil {
		return inside.Processes{}.Find(ctx, kind, f, t)
	}
	return first(ctx, *t.Container)
}

// Namespace implements network.Namespaces, of a container.
func (Found) Namespace(ctx context.Context, n spec.Network) (string, error) {
	if n.Container == nil {
		return "", fmt.Errorf("%w: it names no container", faults.ErrRefused)
	}
	p, err := first(ctx, *n.Container)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("/proc/%d/ns/net", p.PID), nil
}

// first is the first process of a container. The engine must run on this
// machine: faults.ErrRefused where it does not.
func first(ctx context.Context, t spec.Container) (process.Record, error) {
	client, c, err := find(ctx, &t)
	if err != nil {
		return process.Record{}, err
	}
	refuse := func(why error) (process.Record, error) {
		return process.Record{}, fmt.Errorf("%w: pid %d, which the engine at %s says container %s has, is none of its own here: the agent must run on the engine's machine, in its PID namespace: %w",
			faults.ErrRefused, c.State.PID, client.Engine(), c.Name, why)
	}
	p, err := process.Record{Name: c.Name, PID: c.State.PID}.Identified()
	if err != nil {
		return refuse(err)
	}
	if err := owns(c, p.PID); err != nil {
		return refuse(err)
	}
	// The process was identified before it was seen to be the container's: if it
	// is still there, no other one was looked at.
	if !p.Alive() {
		return refuse(process.ErrNotSame)
	}
	return p, nil
}

// owns says whether a process of this machine is the container's, by the names
// of its control groups, which hold the container's id with every engine.
func owns(c docker.Container, pid int) error {
	groups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return err
	}
	if !strings.Contains(string(groups), c.ID) {
		return fmt.Errorf("no control group of pid %d is of container %.12s", pid, c.ID)
	}
	return nil
}

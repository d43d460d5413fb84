package drivers

import (
	"slices"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/bytarget"
	"github.com/k2-platform/faultline/faults/container"
	"github.com/k2-platform/faultline/faults/kill"
	"github.com/k2-platform/faultline/faults/pause"
	"github.com/k2-platform/faultline/faults/restartloop"
	"github.com/k2-platform/faultline/faults/stop"
	"github.com/k2-platform/faultline/spec"
)

// processes are the faults that a target has as a process, a container or a pod.
func processes(dir string) []family {
	return []family{
		of(kill.Describe(), kill.Driver{}, container.End{Kind: kill.Kind, Dir: dir}),
		of(pause.Describe(), pause.Driver{}, container.Freeze{Dir: dir}),
		of(stop.Describe(), stop.Driver{}, container.End{Kind: stop.Kind, Dir: dir}),
		alone(restartloop.Describe(), restartloop.Driver{Dir: dir}),
		alone(container.DescribeDisconnect(), container.Disconnect{Dir: dir}),
	}
}

// of is a kind that breaks processes, and containers in a way of its own.
func of(k faults.Kind, process, inContainer faults.Driver) family {
	if !slices.Contains(k.Breaks, spec.ContainerKind) {
		k.Breaks = append(k.Breaks, spec.ContainerKind)
	}
	slices.Sort(k.Breaks[1:])
	return alone(k, bytarget.Driver{First: spec.ProcessKind, By: map[spec.TargetKind]faults.Driver{
		spec.ProcessKind: process, spec.ContainerKind: inContainer,
	}})
}

package drivers

import (
	"slices"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/bytarget"
	"github.com/k2-platform/faultline/faults/container"
	"github.com/k2-platform/faultline/faults/kill"
	"github.com/k2-platform/faultline/faults/pause"
	"github.com/k2-platform/faultline/faults/pod"
	"github.com/k2-platform/faultline/faults/restartloop"
	"github.com/k2-platform/faultline/faults/stop"
	"github.com/k2-platform/faultline/spec"
)

// processes are the faults that a target has as a process, a container or a pod.
func processes(dir string) []family {
	return []family{
		of(kill.Describe(), bytarget.Driver{spec.ProcessKind: kill.Driver{}, spec.ContainerKind: container.End{Kind: kill.Kind, Dir: dir}, spec.PodKind: pod.End{Kind: kill.Kind, Dir: dir}}),
		of(pause.Describe(), bytarget.Driver{spec.ProcessKind: pause.Driver{}, spec.ContainerKind: container.Freeze{Dir: dir}, spec.PodKind: pod.Halt{}}),
		of(stop.Describe(), bytarget.Driver{spec.ProcessKind: stop.Driver{}, spec.ContainerKind: container.End{Kind: stop.Kind, Dir: dir}, spec.PodKind: pod.End{Kind: stop.Kind, Dir: dir}}),
		of(restartloop.Describe(), bytarget.Driver{
			spec.ProcessKind: restartloop.Driver{Dir: dir}, spec.ContainerKind: container.Again{Driver: restartloop.Driver{Dir: dir}},
		}),
		alone(container.DescribeDisconnect(), container.Disconnect{Dir: dir}),
	}
}

// of is a kind with the targets of all that break by it.
func of(k faults.Kind, d bytarget.Driver) family {
	for is := range d {
		if !slices.Contains(k.Breaks, is) {
			k.Breaks = append(k.Breaks, is)
		}
	}
	slices.Sort(k.Breaks[1:])
	return alone(k, d)
}

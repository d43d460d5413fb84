package drivers

import (
	"context"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/container"
	"github.com/k2-platform/faultline/faults/pod"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// found finds the process, or the network namespace, of each kind of target
// that has one.
type found struct{}

// Find implements inside.Finder.
func (found) Find(ctx context.Context, kind faults.Kind, f spec.Fault, t spec.Target) (process.Record, error) {
	if t.Pod != nil {
		return pod.Found{}.Find(ctx, kind, f, t)
	}
	return container.Found{}.Find(ctx, kind, f, t)
}

// Namespace implements network.Namespaces.
func (found) Namespace(ctx context.Context, n spec.Network) (string, error) {
	if n.Pod != nil {
		return pod.Found{}.Namespace(ctx, n)
	}
	return container.Found{}.Namespace(ctx, n)
}

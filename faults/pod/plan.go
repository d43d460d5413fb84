package pod

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/ending"
	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/faults/internal/running"
	"github.com/k2-platform/faultline/faults/stop"
	"github.com/k2-platform/faultline/internal/kube"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// mirror marks a pod that its node has from a file of its own: what the API
// shows of it is a picture (https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/).
const mirror = "kubernetes.io/config.mirror"

// Plan notes which pod it is, who makes it again, and how it is ended: a kill
// is a signal to its container where that is seen on this machine, else the pod
// is deleted without a grace. Refusals are faults.ErrRefused.
func (d End) Plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	r, err := d.plan(ctx, f, t)
	if err != nil {
		return faults.Receipt{}, fmt.Errorf("planning %s on %s: %w", d.Kind, f.Target, err)
	}
	return r, nil
}

func (d End) plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	kind := d.describe()
	kind.Breaks = []spec.TargetKind{spec.PodKind}
	if err := kind.Check(f, t); err != nil {
		return faults.Receipt{}, err
	}
	p, err := find(ctx, *t.Pod)
	if err != nil {
		return faults.Receipt{}, err
	}
	r, err := p.receipt(d.Kind, f.Target)
	if err != nil {
		return r, err
	}
	r.Undo[undoPolicy] = p.Spec.RestartPolicy
	running.HealthOf(t).Note(r.Undo)
	if err := p.noteOwner(ctx, r); err != nil {
		return r, err
	}
	if err := d.planEnd(ctx, p, f.With, *t.Pod, r); err != nil {
		return r, err
	}
	mark, err := ending.For(d.Dir, p.Meta.UID+" "+r.Undo[undoID])
	r.Undo[undoMark] = string(mark)
	return r, err
}

func (d End) planEnd(ctx context.Context, p found, with map[string]string, t spec.Pod, r faults.Receipt) error {
	if d.Kind != stop.Kind {
		return p.planKill(ctx, t, r)
	}
	if with[stop.Escalate] == "false" {
		return fmt.Errorf("%w: the node kills a pod that outlasts its grace; leave %s out, or give more grace", faults.ErrRefused, stop.Escalate)
	}
	r.Undo[undoHow], r.Undo[undoGrace] = byDelete, stop.GraceOf(with)
	return p.deletable(ctx, t, r)
}

// noteOwner notes who makes the pod again, and how many serve. What is not
// known to make pods again for ever is refused.
func (f found) noteOwner(ctx context.Context, r faults.Receipt) error {
	owner, has := f.Controller()
	if !has {
		r.Undo[undoServed] = "0"
		if f.Ready() {
			r.Undo[undoServed] = "1"
		}
		return nil
	}
	if !owner.Known() {
		return fmt.Errorf("%w: pod %s belongs to %s %s, of which nothing here knows whether it makes its pods again; known are ReplicaSet, StatefulSet, DaemonSet and ReplicationController",
			faults.ErrRefused, f, owner.Kind, owner.Name)
	}
	if err := f.Lacks(ctx, owner.RightTo(f.Meta.Namespace)); err != nil {
		return refused(err)
	}
	if !f.Ready() {
		return fmt.Errorf("%w: pod %s does not serve (it is not Ready), so nobody would see that it is away; see kubectl describe pod", faults.ErrRefused, f)
	}
	if _, err := f.Wanted(ctx, f.Meta.Namespace, owner); err != nil {
		return refused(err)
	}
	n, err := serving(ctx, f.Client, f.Meta.Namespace, owner)
	if err != nil {
		return refused(err)
	}
	raw, err := json.Marshal(owner)
	r.Undo[undoOwner], r.Undo[undoServed] = string(raw), strconv.Itoa(n)
	return err
}

// deletable refuses a pod that cannot be deleted and come back. Of one that no
// controller makes again it notes the manifest.
func (f found) deletable(ctx context.Context, t spec.Pod, r faults.Receipt) error {
	if _, static := f.Meta.Annotations[mirror]; static {
		return fmt.Errorf("%w: pod %s is a picture of one that node %s has from a file, and deleting it ends nothing; name another target", faults.ErrRefused, f, f.Spec.NodeName)
	}
	if t.Container != "" && len(f.Spec.Containers) > 1 {
		return fmt.Errorf("%w: it would end all of pod %s, and the target is its container %s alone; name a target without container", faults.ErrRefused, f, t.Container)
	}
	rights := []kube.Right{{Verb: "delete", Resource: "pods", Namespace: f.Meta.Namespace}}
	if r.Undo[undoOwner] == "" {
		rights = append(rights, kube.Right{Verb: "create", Resource: "pods", Namespace: f.Meta.Namespace})
		manifest, err := f.Manifest()
		if err != nil {
			return fmt.Errorf("%w: it has no controller, and could not be made again: %w", faults.ErrRefused, err)
		}
		r.Undo[undoManifest] = string(manifest)
	}
	return refused(f.Lacks(ctx, rights...))
}

// planKill chooses how: by a signal, as the kernel's own would be, where that
// can be. Whoever does not wish it is told why.
func (f found) planKill(ctx context.Context, t spec.Pod, r faults.Receipt) error {
	on, why := f.killable(ctx, t)
	if why == nil {
		who := process.Record{Name: r.Target, PID: on.process.PID, StartTime: on.process.StartTime, BootID: on.process.BootID}
		r.Undo[undoHow], r.Undo[undoContainer], r.Undo[undoID] = bySignal, on.container.name, on.container.id
		return inside.Note(r, who)
	}
	if !errors.Is(why, faults.ErrRefused) || t.Container != "" {
		return why
	}
	if owner, _ := f.Controller(); owner.Kind == "StatefulSet" {
		return fmt.Errorf("%w: a pod of StatefulSet %s that is deleted without a grace may be there twice; use %s, or kill it by an agent on its node: %w",
			faults.ErrRefused, owner.Name, stop.Kind, why)
	}
	r.Undo[undoHow], r.Undo[undoGrace] = byDelete, time.Duration(0).String()
	return f.deletable(ctx, t, r)
}

// killable is the container that a signal kills; faults.ErrRefused says why
// none does.
func (f found) killable(ctx context.Context, t spec.Pod) (onNode, error) {
	if f.Spec.RestartPolicy == "Never" {
		return onNode{}, fmt.Errorf("%w: its node does not start pod %s again (restartPolicy: Never)", faults.ErrRefused, f)
	}
	on, err := f.local(ctx, t.Container)
	if err != nil {
		return on, err
	}
	if err := process.Signal(on.process, 0); errors.Is(err, os.ErrPermission) {
		return on, fmt.Errorf("%w: %w; run the agent as root on the node", faults.ErrRefused, err)
	}
	return on, nil
}

package pod

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/running"
	"github.com/k2-platform/faultline/faults/kill"
	"github.com/k2-platform/faultline/faults/stop"
	"github.com/k2-platform/faultline/internal/kube"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/process"
)

const (
	// onItsWay is how long the cluster may take to do what it was told by somebody
	// who did not wait for it. One who rolls back sooner would see a whole pod.
	onItsWay = 3 * time.Second
	lookSoon = 20 * time.Millisecond
	longRest = time.Second
	keepEach = 2 * time.Second
)

// End stops or kills pods, by its kind: that of package stop, or of package
// kill. A pod that has a controller is made again by it: then the fault is gone
// by itself, and Rollback waits until as many serve as before. One that has none
// stays away, and is made again by Rollback.
type End struct {
	Kind string
	Dir  string // of marks; "" = the system's folder for temporary files
}

var _ faults.Keeper = End{}

func (d End) describe() faults.Kind {
	if d.Kind == stop.Kind {
		return stop.Describe()
	}
	return kill.Describe()
}

// Inject ends the pod, or its container. One that was replaced since the plan,
// or is back before it was seen to be away, is faults.ErrRefused.
func (d End) Inject(ctx context.Context, r faults.Receipt) error {
	err := ctx.Err()
	if err == nil {
		err = d.inject(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("injecting %s into %s: %w", r.Kind, r.Target, err)
	}
	return nil
}

func (End) inject(ctx context.Context, r faults.Receipt) error {
	e, err := endedOf(r)
	if err != nil {
		return err
	}
	told, err := e.mark.Told()
	if err != nil {
		return err
	}
	if !told {
		if err := e.whole(ctx); err != nil {
			return err
		}
		if err := e.mark.Set(e.String()); err != nil {
			return err
		}
	}
	if err := e.tell(ctx); err != nil {
		return err
	}
	return e.away(ctx)
}

// whole is faults.ErrRefused where it is not the pod that was planned for any
// more, or that has ended.
func (e ended) whole(ctx context.Context) error {
	p, there, err := e.now(ctx)
	switch {
	case err != nil:
		return err
	case !there:
		return fmt.Errorf("%w: pod %s, uid %s, was removed or replaced since this was planned; plan again", faults.ErrRefused, e, e.uid)
	case e.how != bySignal:
		return nil
	case e.process.State() == process.Gone || idIn(p, e.container.name) != e.container.id:
		return fmt.Errorf("%w: container %s of pod %s has ended, or was started again, since this was planned; plan again", faults.ErrRefused, e.container.name, e)
	}
	return nil
}

// tell ends it, unless it is gone.
func (e ended) tell(ctx context.Context) error {
	if e.how == bySignal {
		return running.Target{Process: e.process}.End(ctx, syscall.SIGKILL)
	}
	err := e.Delete(ctx, kube.Meta{Namespace: e.namespace, Name: e.name, UID: e.uid}, e.grace)
	if errors.Is(err, kube.ErrNotFound) || errors.Is(err, kube.ErrConflict) {
		return nil // it is gone, and another one may have its name: the look afterwards tells
	}
	return err
}

// away returns once the fault is seen; it is an error where it is gone by then.
func (e ended) away(ctx context.Context) error {
	for {
		seen, err := e.look(ctx)
		switch {
		case err == nil && seen == faults.Present:
			return nil
		case err == nil && seen == faults.Absent:
			return fmt.Errorf("%w: %s was back before it was seen to be away, by %s; that is no fault", faults.ErrRefused, e, e.by())
		}
		if !pause.For(ctx, lookSoon) {
			return fmt.Errorf("waiting for pod %s to end: %w", e, errors.Join(ctx.Err(), err))
		}
	}
}

// by is who brings it back.
func (e ended) by() string {
	switch {
	case e.how == bySignal:
		return "its node (restartPolicy: " + e.policy + ")"
	case e.owner != nil:
		return e.owner.Kind + " " + e.owner.Name
	}
	return "somebody else"
}

// Probe sees the fault where what was ended is not back: fewer pods of its
// controller serve than before, or the pod is not there.
func (End) Probe(ctx context.Context, r faults.Receipt) (faults.Presence, error) {
	e, err := endedOf(r)
	seen := faults.Unseen
	if err == nil {
		seen, err = e.look(ctx)
	}
	if err != nil {
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	}
	return seen, nil
}

// Keep is an error once the fault is gone: nothing can keep a controller from
// making a pod.
func (d End) Keep(ctx context.Context, r faults.Receipt) error {
	seen, err := d.Probe(ctx, r)
	if err == nil && seen == faults.Absent {
		err = fmt.Errorf("keeping %s on %s: what brings the pod back has done so", r.Kind, r.Target)
	}
	return err
}

// KeepEvery is how soon a fault that is gone is missed.
func (End) KeepEvery() time.Duration { return keepEach }

package pod

import (
	"context"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/kube"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/process"
)

// Rollback returns once as many pods serve as before, and the target's health
// answers. It makes a pod again that no controller makes. Of one that was never
// told to end it does nothing.
func (d End) Rollback(ctx context.Context, r faults.Receipt) error {
	if err := d.rollback(ctx, r); err != nil {
		return fmt.Errorf("rolling back %s on %s: %w", r.Kind, r.Target, err)
	}
	return nil
}

func (End) rollback(ctx context.Context, r faults.Receipt) error {
	e, err := endedOf(r)
	if err != nil {
		return err
	}
	err = e.mark.Settle(ctx, onItsWay, func() (bool, error) {
		_, there, err := e.now(ctx)
		return err == nil && !there || e.how == bySignal && e.process.State() == process.Gone, err
	})
	last := errors.New("it was not tried")
	for rest := lookSoon; err == nil; rest = min(2*rest, longRest) {
		lacks := e.mend(ctx)
		if lacks == nil {
			return e.mark.Clear()
		}
		if ctx.Err() == nil { // else it says no more than that
			last = lacks
		}
		if !pause.For(ctx, rest) {
			err = fmt.Errorf("bringing pod %s back (see kubectl describe pod): %w", e, errors.Join(ctx.Err(), last))
		}
	}
	return err
}

// mend is nil once the target is as it was.
func (e ended) mend(ctx context.Context) error {
	seen, err := e.look(ctx)
	switch {
	case err != nil:
		return err
	case seen == faults.Absent:
		return e.health.Well(ctx)
	case e.how == bySignal:
		return fmt.Errorf("container %s is not ready again", e.container.name)
	case e.owner != nil:
		return fmt.Errorf("%s %s has fewer pods that serve than the %d of before", e.owner.Kind, e.owner.Name, e.served)
	}
	_, err = e.Pod(ctx, e.namespace, e.name)
	if !errors.Is(err, kube.ErrNotFound) {
		return errors.Join(errors.New("it does not serve yet"), err)
	}
	err = e.Create(ctx, e.namespace, e.manifest)
	if err == nil || errors.Is(err, kube.ErrConflict) {
		err = errors.New("it was just made")
	}
	return err
}

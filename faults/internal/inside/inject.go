package inside

import (
	"context"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/process"
)

// Inject has begin start the doer of a fault, and waits until the fault is
// seen. doing says in an error what was being done to the target.
func Inject(ctx context.Context, d faults.Driver, r faults.Receipt, doing string, begin func(context.Context, faults.Receipt) error) error {
	err := ctx.Err()
	if err == nil {
		err = begin(ctx, r)
	}
	if err == nil {
		err = seen(ctx, d, r)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", doing, r.Target, err)
	}
	return nil
}

// seen is faults.Await for the fault of a doer to be present, and gives up
// where the doer has ended.
func seen(ctx context.Context, d faults.Driver, r faults.Receipt) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err := faults.Await(ctx, whileDone{d, stop}, r, faults.Present)
	if why := context.Cause(ctx); err != nil && why != nil && !errors.Is(err, why) {
		err = errors.Join(why, err)
	}
	return err
}

// whileDone stops the waiting once nobody does what is waited for.
type whileDone struct {
	faults.Driver
	stop context.CancelCauseFunc
}

// Probe implements faults.Driver.
func (w whileDone) Probe(ctx context.Context, r faults.Receipt) (faults.Presence, error) {
	if s, err := Doing(r); err == nil && s == process.Gone {
		w.stop(fmt.Errorf("the process that does it ended: %s", Words(r)))
	}
	return w.Driver.Probe(ctx, r)
}

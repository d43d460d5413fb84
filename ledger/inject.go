package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/failpoint"
)

// mendWithin bounds the undoing of an injection that came too late.
const mendWithin = 30 * time.Second

// Inject puts the fault of a receipt in place that Put has written, unless it
// was buried or halted before. It looks before and after. One that was buried
// meanwhile, by who found this process frozen, is rolled back and ErrBuried.
// After any other error the receipt is live and its fault to be undone.
func (l *Ledger) Inject(ctx context.Context, d faults.Driver, r faults.Receipt) error {
	if err := l.Stands(ctx, r); err != nil {
		return fmt.Errorf("injecting %s on %s: %w", r.Kind, r.Target, err)
	}
	err := d.Inject(ctx, r)
	failpoint.Reach(failpoint.Injected)
	late, stop := context.WithTimeout(context.WithoutCancel(ctx), mendWithin)
	defer stop()
	after := l.Stands(late, r)
	if errors.Is(after, ErrBuried) {
		return fmt.Errorf("injecting %s on %s: %w", r.Kind, r.Target, errors.Join(after, err, d.Rollback(late, r)))
	}
	return errors.Join(err, after)
}

// Stands says that a receipt is live, that nobody is undoing it, and that its
// experiment is not halted: whoever undoes it from now on undoes all that was
// done before. It waits for one who is at it: to look for a tombstone alone
// would miss one who has rolled back and is about to bury. ErrBuried, ErrHalted.
func (l *Ledger) Stands(ctx context.Context, r faults.Receipt) error {
	name, err := fileName(r.ID)
	if err != nil {
		return err
	}
	held, err := l.hold(ctx, name)
	if err != nil {
		return fmt.Errorf("looking whether receipt %s stands: %w", r.ID, err)
	}
	switch h, halted := l.Halted(r.Experiment); {
	case held == nil:
		err = fmt.Errorf("receipt %s: %w", r.ID, ErrBuried)
	case halted:
		err = fmt.Errorf("receipt %s: %w", r.ID, h.bars())
	}
	return errors.Join(err, held.unlock())
}

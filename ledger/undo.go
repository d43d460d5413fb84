package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/wallclock"
)

// ErrNoReceipt says that there is neither receipt nor tombstone.
var ErrNoReceipt = errors.New("there is no such receipt")

// buryWithin bounds the burying of what is undone: it takes no time unless a
// frozen process holds the ledger.
const buryWithin = 5 * time.Second

// Undo locks the receipt and, if it is still live, calls undo and buries it
// with cause and by. Of several processes that race exactly one calls undo;
// the others wait for the lock, as long as ctx lets them, and return the
// tombstone that the winner left. If undo errs the receipt stays live. Where
// there is neither receipt nor tombstone it is ErrNoReceipt. undo must not
// call the ledger for this receipt.
//
// It needs no room on the disk. If cause and by cannot be stored the tombstone
// stands without them; if the receipt cannot be moved, on a read-only disk,
// the error is ErrUnwritable, and the fault is undone all the same.
func (l *Ledger) Undo(
	ctx context.Context, id, cause, by string, undo func(context.Context, faults.Receipt) error,
) (Tombstone, error) {
	name, err := fileName(id)
	if err != nil {
		return Tombstone{}, err
	}
	held, err := l.hold(ctx, name)
	if err != nil {
		return Tombstone{}, fmt.Errorf("undoing receipt %s: %w", id, err)
	}
	if held == nil {
		return l.left(id)
	}
	t, err := l.undoHeld(ctx, held, note{Cause: cause, By: by}, undo)
	if err = errors.Join(err, held.unlock()); err != nil {
		return t, fmt.Errorf("undoing receipt %s: %w", id, err)
	}
	return t, nil
}

// left is what the winner of a race left.
func (l *Ledger) left(id string) (Tombstone, error) {
	t, ok, err := l.Tombstone(id)
	if err == nil && !ok {
		err = fmt.Errorf("undoing receipt %s: %w; see faultline ledger list", id, ErrNoReceipt)
	}
	return t, err
}

func (l *Ledger) undoHeld(
	ctx context.Context, held *receipt, n note, undo func(context.Context, faults.Receipt) error,
) (Tombstone, error) {
	r, err := l.read(held.entry)
	if errors.Is(err, errCorrupt) {
		return Tombstone{}, l.quarantine(held.entry, err)
	}
	if err != nil {
		return Tombstone{}, err
	}
	if err := undo(ctx, r); err != nil {
		return Tombstone{}, err
	}
	n.At = wallclock.Now()
	// Undone is undone, though its caller has gone meanwhile.
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), buryWithin)
	defer stop()
	err = l.locked(ctx, func() error { return l.bury(held, n) })
	return Tombstone{Receipt: r, Cause: n.Cause, By: n.By, At: n.At}, err
}

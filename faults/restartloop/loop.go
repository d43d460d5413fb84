package restartloop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/faults/internal/running"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
)

// Command is what a program is called with to be a loop.
const Command = "kill-again"

// look is how late the end of its life may be seen.
const look = 50 * time.Millisecond

// order is what a loop is told.
type order struct {
	Life    inside.Life    `json:"life"`
	Receipt faults.Receipt `json:"receipt"`
}

// Start starts the loop of a receipt: this program, called with a command that
// calls Loop, or Again.
func Start(ctx context.Context, r faults.Receipt, command string) error {
	return inside.Start(ctx, r, inside.Doer{
		Args: []string{command, r.ID}, Order: order{inside.Life{Expires: r.Expires, Lease: inside.Lease}, r},
	})
}

// Loop is the whole of a process that kills: it waits for its order on in, and
// then kills until its life is over. It never returns nil; the process ends then.
func Loop(in io.Reader) error {
	return Again(in, func(r faults.Receipt) (func() error, error) {
		t, err := running.Of(r)
		return func() error {
			now, err := t.Now()
			if err == nil && now.PID > 0 {
				err = process.Signal(now, syscall.SIGKILL)
			}
			if errors.Is(err, process.ErrNotSame) {
				err = nil // it ended by itself
			}
			return err
		}, err
	})
}

// Again is Loop for what breaks another kind of target: of gives, for a
// receipt, what is done as often as its document says. An error of that ends it.
func Again(in io.Reader, of func(faults.Receipt) (func() error, error)) error {
	var o order
	if err := inside.Await(in, &o); err != nil {
		return err
	}
	hit, err := of(o.Receipt)
	if err != nil {
		return err
	}
	rest, err := time.ParseDuration(o.Receipt.Undo[every])
	if err != nil {
		return fmt.Errorf("reading %s: %w", every, err)
	}
	next := ledger.Boottime()
	return o.Life.Last(look, func() error {
		if ledger.Boottime() < next {
			return nil
		}
		next = ledger.Boottime() + rest
		return hit()
	})
}

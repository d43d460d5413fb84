package restartloop

import (
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

// Loop is the whole of a process that kills: it waits for its order on in, and
// then kills until its life is over. It never returns nil; the process ends then.
func Loop(in io.Reader) error {
	var o order
	if err := inside.Await(in, &o); err != nil {
		return err
	}
	t, err := running.Of(o.Receipt)
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
		now, err := t.Now()
		if err == nil && now.PID > 0 {
			err = process.Signal(now, syscall.SIGKILL)
		}
		if errors.Is(err, process.ErrNotSame) {
			err = nil // it ended by itself
		}
		return err
	})
}

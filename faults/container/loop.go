package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/internal/docker"
	"github.com/k2-platform/faultline/ledger"
)

// Command is what a program is called with to be a loop.
const Command = "restart-again"

const (
	undoEvery = "every"
	// askWithin is how long one restart may take, so that the end of the loop's
	// life is not missed by more.
	askWithin = 5 * time.Second
)

// order is what a loop is told.
type order struct {
	Life    inside.Life    `json:"life"`
	Receipt faults.Receipt `json:"receipt"`
}

// Loop is the whole of a process that has a container restarted: it waits for
// its order on in, and goes on until its life is over, or the container was
// removed. It never returns nil; the process ends then.
func Loop(in io.Reader) error {
	var o order
	if err := inside.Await(in, &o); err != nil {
		return err
	}
	b, err := boxOf(o.Receipt)
	if err != nil {
		return err
	}
	rest, err := time.ParseDuration(o.Receipt.Undo[undoEvery])
	if err != nil {
		return fmt.Errorf("reading %s: %w", undoEvery, err)
	}
	next := ledger.Boottime()
	return o.Life.Last(lookEvery, func() error {
		if ledger.Boottime() < next {
			return nil
		}
		next = ledger.Boottime() + rest
		return b.restart(o.Receipt)
	})
}

// restart says by the mark that the engine is at it. An engine that does not
// answer, or cannot, is asked again the next time.
func (b box) restart(r faults.Receipt) error {
	ctx, stop := context.WithTimeout(context.Background(), askWithin)
	defer stop()
	mark := markOf(r)
	if err := mark.Renew(); err != nil {
		return err
	}
	err := b.Restart(ctx, b.id)
	switch {
	case errors.Is(err, docker.ErrNotFound):
		return err
	case err != nil:
		return nil // it may still do it
	}
	return mark.Rest()
}

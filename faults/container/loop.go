package container

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/restartloop"
	"github.com/k2-platform/faultline/internal/docker"
)

// Command is what a program is called with to be a loop.
const Command = "restart-again"

// askWithin is how long one restart may take, so that the end of the loop's
// life is not missed by more.
const askWithin = 5 * time.Second

// Loop is the whole of a process that has a container restarted: it waits for
// its order on in, and goes on until its life is over, or the container was
// removed. It never returns nil; the process ends then.
func Loop(in io.Reader) error {
	return restartloop.Again(in, func(r faults.Receipt) (func() error, error) {
		b, err := boxOf(r)
		return func() error { return b.restart(r) }, err
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

package query

import (
	"context"
	"errors"
	"time"
)

const (
	mostAtOnce = 16                     // answers that are worked on at a time
	waitInLine = 500 * time.Millisecond // for a place among them
)

// errOverloaded is the answer to who finds no place in time.
var errOverloaded = errors.New("too many requests at once")

// gate lets so many in at a time, so that those who are in are answered.
type gate chan struct{}

// enter waits for a place, which leave gives back.
func (g gate) enter(ctx context.Context) error {
	late := time.NewTimer(waitInLine)
	defer late.Stop()
	select {
	case g <- struct{}{}:
		return nil
	case <-late.C:
		return errOverloaded
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g gate) leave() { <-g }

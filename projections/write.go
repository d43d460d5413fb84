package projections

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Pauses after a failed commit: the first, and the longest they grow to.
const (
	firstPause = 500 * time.Millisecond
	maxPause   = 5 * time.Second
)

// write flushes at each beat and when asked to, and once more when all is
// read. It alone flushes, so that there are never two at once.
func (f *Follower) write(ctx context.Context, read <-chan struct{}) error {
	beat := time.NewTicker(f.options.Every)
	defer beat.Stop()
	for {
		select {
		case <-beat.C:
		case <-f.kick:
		case <-read:
			return f.persist(ctx)
		}
		if err := f.persist(ctx); err != nil {
			return err
		}
	}
}

// persist flushes until it succeeds; only the end of ctx ends it. Rows wait
// meanwhile, and reading stops once there are too many.
func (f *Follower) persist(ctx context.Context) error {
	pause := firstPause
	for {
		due := f.place.due()
		err := f.tables.Flush(ctx, due)
		if err == nil {
			f.place.landed(due)
			return nil
		}
		f.place.landed(nil)
		if ctx.Err() != nil && errors.Is(err, errStandby) {
			f.options.Log.Info("left rows to the daemon that writes the tables", "rows", f.tables.Buffered())
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%d rows were not written and will be read again from the log: %w", f.tables.Buffered(), err)
		}
		f.options.Log.Error("writing projections failed; trying again", "rows", f.tables.Buffered(), "pause", pause, "error", err)
		select {
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // spreading load, no secret
		case <-ctx.Done():
		}
		pause = min(2*pause, maxPause)
	}
}

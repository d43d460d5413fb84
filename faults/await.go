package faults

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	firstLook = 2 * time.Millisecond
	slowLook  = 250 * time.Millisecond
)

// Await probes until the presence is the wanted one or ctx ends; it has no
// deadline of its own. A probe that errs is asked again: its last error is
// part of the answer when time is up.
func Await(ctx context.Context, d Driver, r Receipt, want Presence) error {
	for wait := firstLook; ; wait = min(2*wait, slowLook) {
		got, err := d.Probe(ctx, r)
		if err == nil && got == want {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s on %s to be %s, last seen %s: %w",
				r.Kind, r.Target, want, got, errors.Join(ctx.Err(), err))
		case <-time.After(wait):
		}
	}
}

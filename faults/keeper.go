package faults

import (
	"context"
	"time"
)

// Keeper is a driver whose faults end by themselves unless they are kept, as
// the target has a clock of its own:
//
//	if k, ok := d.(faults.Keeper); ok { … }
//
// The agent keeps a fault while it holds it and its owner's lease lives. What
// undoes faults keeps none.
type Keeper interface {
	// Keep renews a fault that is in place. One that is gone stays gone: an
	// error, and Probe says Absent.
	Keep(ctx context.Context, r Receipt) error
	// KeepEvery is how often to call Keep: so often that two that are lost do no
	// harm.
	KeepEvery() time.Duration
}

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/internal/caller"
	"github.com/k2-platform/faultline/ledger"
)

// undoOne rolls one fault back and buries its receipt, unless somebody else
// has, or is at it.
func undoOne(cmd *cobra.Command, l *ledger.Ledger, set drivers.Set, id string) error {
	// The wait for another who is at it, and then one's own try.
	ctx, stop := context.WithTimeout(cmd.Context(), 2*undoWithin)
	defer stop()
	mine := false
	t, err := l.Undo(ctx, id, string(events.Abort), caller.Name()+" by hand", func(ctx context.Context, r faults.Receipt) error {
		mine = true
		return rollBack(set)(ctx, r)
	})
	if err != nil {
		return err
	}
	if mine {
		cmd.Printf("%s: %s on %s is undone\n", id, t.Receipt.Kind, t.Receipt.Target)
		if d, err := set.Of(t.Receipt.Kind); err == nil {
			for _, left := range faults.Stays(ctx, d, t.Receipt) {
				cmd.Printf("%s: %s\n", id, left)
			}
		}
		return nil
	}
	cmd.Printf("%s: was undone already, at %s by %s (%s)\n", id, t.At.Format(time.RFC3339), dash(t.By), dash(t.Cause))
	return nil
}

// rollBack undoes by the driver of a receipt's kind, each within its own time.
func rollBack(set drivers.Set) func(context.Context, faults.Receipt) error {
	return func(ctx context.Context, r faults.Receipt) error {
		d, err := set.Of(r.Kind)
		if err != nil {
			return fmt.Errorf("undoing %s on %s: %w", r.Kind, r.Target, err)
		}
		ctx, stop := context.WithTimeout(ctx, undoWithin)
		defer stop()
		return d.Rollback(ctx, r)
	}
}

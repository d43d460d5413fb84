package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/ledger"
)

// undoOne rolls one fault back and buries its receipt.
func undoOne(cmd *cobra.Command, l *ledger.Ledger, set drivers.Set, r faults.Receipt) error {
	ctx, stop := context.WithTimeout(cmd.Context(), undoWithin)
	defer stop()
	d, err := set.Of(r.Kind)
	if err == nil {
		err = d.Rollback(ctx, r)
	}
	if err == nil {
		err = l.Bury(ctx, r.ID)
	}
	if err != nil {
		return fmt.Errorf("undoing %s: %w", r.ID, errors.Join(err, ctx.Err()))
	}
	cmd.Printf("%s: %s on %s is undone\n", r.ID, r.Kind, r.Target)
	return nil
}

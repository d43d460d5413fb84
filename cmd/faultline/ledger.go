package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/ledger"
)

// undoWithin bounds one undo by hand.
const undoWithin = 60 * time.Second

func ledgerCommand(w *where) *cobra.Command {
	cmd := &cobra.Command{Use: "ledger", Short: "Faults that are in place on this machine, and how to undo them by hand"}
	cmd.AddCommand(&cobra.Command{
		Use: "list", Short: "Receipts of faults that are not undone, last in first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, _, err := w.ledger()
			if err != nil {
				return err
			}
			live, err := l.Live(cmd.Context())
			if len(live) == 0 && err == nil {
				cmd.Println("no fault is in place")
				return nil
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "RECEIPT\tFAULT\tTARGET\tUNDONE IN") //nolint:errcheck // Flush tells
			for _, r := range live {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.ID, r.Kind, r.Target, (r.Expires - ledger.Boottime()).Round(time.Second)) //nolint:errcheck // Flush tells
			}
			return errors.Join(err, t.Flush())
		},
	}, &cobra.Command{
		Use: "undo [RECEIPT...]", Short: "Undo faults by their receipts, or all of them; nothing else needs to run",
		RunE: func(cmd *cobra.Command, ids []string) error { return w.undo(cmd, ids) },
	})
	return cmd
}

func (w *where) ledger() (*ledger.Ledger, string, error) {
	s, err := w.settings()
	if err != nil {
		return nil, "", err
	}
	l, err := ledger.Open(filepath.Join(s.Home, "ledger"))
	return l, s.Home, err
}

func (w *where) undo(cmd *cobra.Command, ids []string) error {
	l, home, err := w.ledger()
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	live, err := l.Live(cmd.Context())
	problems := []error{err}
	for _, r := range live {
		if len(ids) > 0 && !wanted[r.ID] {
			continue
		}
		delete(wanted, r.ID)
		problems = append(problems, undoOne(cmd, l, drivers.All(home), r))
	}
	for id := range wanted {
		problems = append(problems, fmt.Errorf("there is no live receipt %s; see faultline ledger list", id))
	}
	return errors.Join(problems...)
}

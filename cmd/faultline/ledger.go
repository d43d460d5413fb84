package main

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/ledger"
)

// undoWithin bounds one undo.
const undoWithin = 60 * time.Second

func ledgerCommand(w *where) *cobra.Command {
	cmd := &cobra.Command{Use: "ledger", Short: "Faults that are in place on this machine, and how to undo them by hand"}
	tombstones := false
	list := &cobra.Command{
		Use: "list", Short: "Receipts of faults that are not undone, last in first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, _, err := w.ledger()
			if err != nil {
				return err
			}
			if tombstones {
				return listTombstones(cmd, l)
			}
			return listLive(cmd, l)
		},
	}
	list.Flags().BoolVar(&tombstones, "tombstones", false, "list those that were undone instead: when, why and by whom")
	cmd.AddCommand(list, &cobra.Command{
		Use: "undo [RECEIPT...]", Short: "Undo faults by their receipts, or all of them; nothing else needs to run",
		RunE: func(cmd *cobra.Command, ids []string) error { return w.undo(cmd, ids) },
	})
	return cmd
}

func listLive(cmd *cobra.Command, l *ledger.Ledger) error {
	live, problem := l.Live(cmd.Context())
	if len(live) == 0 && problem == nil {
		cmd.Println("no fault is in place")
	}
	boot, err := ledger.BootID()
	problem = errors.Join(problem, err)
	if len(live) > 0 {
		t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "RECEIPT\tFAULT\tTARGET\tUNDONE IN") //nolint:errcheck // Flush tells
		for _, r := range live {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.ID, r.Kind, r.Target, undoneIn(r, boot)) //nolint:errcheck // Flush tells
		}
		problem = errors.Join(problem, t.Flush())
	}
	odd, err := l.Quarantined()
	for _, path := range odd {
		cmd.PrintErrf("%s is no receipt that can be read; look after its fault by hand, then remove the file\n", path)
	}
	if h, latched := l.Latched(); latched {
		cmd.PrintErrf("everything is halted by %s: %s (halt %s)\n", h.By, h.Why, h.ID)
	}
	return errors.Join(problem, err)
}

func undoneIn(r faults.Receipt, boot string) string {
	if r.BootID != boot {
		return "overdue: put in place before the last start of this machine"
	}
	left := (r.Expires - ledger.Boottime()).Round(time.Second)
	if left <= 0 {
		return "overdue by " + (-left).String()
	}
	return left.String()
}

func listTombstones(cmd *cobra.Command, l *ledger.Ledger) error {
	all, problem := l.Tombstones()
	if len(all) == 0 && problem == nil {
		cmd.Println("no fault was undone")
		return nil
	}
	t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RECEIPT\tFAULT\tTARGET\tUNDONE AT\tCAUSE\tBY") //nolint:errcheck // Flush tells
	for _, s := range all {
		at := "-"
		if !s.At.IsZero() {
			at = s.At.Format(time.RFC3339)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", s.Receipt.ID, dash(s.Receipt.Kind), dash(s.Receipt.Target), at, dash(s.Cause), dash(s.By)) //nolint:errcheck // Flush tells
	}
	return errors.Join(problem, t.Flush())
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (w *where) ledger() (*ledger.Ledger, string, error) {
	s, err := w.settings()
	if err != nil {
		return nil, "", err
	}
	l, err := ledger.Open(ledgerDir(s.Home))
	return l, s.Home, err
}

// undo goes on past failures: one that cannot be undone keeps no other.
func (w *where) undo(cmd *cobra.Command, ids []string) error {
	l, home, err := w.ledger()
	if err != nil {
		return err
	}
	var problems []error
	if len(ids) == 0 {
		live, err := l.Live(cmd.Context())
		problems = append(problems, err)
		for _, r := range live {
			ids = append(ids, r.ID)
		}
	}
	for _, id := range ids {
		problems = append(problems, undoOne(cmd, l, drivers.All(home), id))
	}
	return errors.Join(problems...)
}

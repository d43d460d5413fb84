package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/caller"
	"github.com/k2-platform/faultline/spec"
)

func noteCommand(w *where) *cobra.Command {
	n := commands.Note{Kind: events.Finding}
	cmd := &cobra.Command{
		Use: "note ID TEXT", Short: "Attach a finding or an improvement to an experiment", Args: cobra.ExactArgs(2),
		ValidArgsFunction: w.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			n.Text = args[1]
			return w.tell(cmd, args[0], n, "noted")
		},
	}
	cmd.Flags().StringVar((*string)(&n.Kind), "kind", string(events.Finding), "finding or improvement")
	cmd.Flags().Uint64Var(&n.Event, "event", 0, "number of the event that it speaks of, as show prints it")
	cmd.Flags().StringVar(&n.Column, "column", "", "column of a table that it speaks of")
	return cmd
}

func abortCommand(w *where) *cobra.Command {
	var a commands.Abort
	cmd := &cobra.Command{
		Use: "abort ID", Short: "End an experiment early; its fault is rolled back", Args: cobra.ExactArgs(1),
		ValidArgsFunction: w.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.Reason == "" {
				a.Reason = "asked for by " + caller.Name()
			}
			return w.tell(cmd, args[0], a, "aborting; follow it with: faultline show "+args[0])
		},
	}
	cmd.Flags().StringVar(&a.Reason, "reason", "", "why")
	return cmd
}

func approveCommand(w *where) *cobra.Command {
	var a commands.Approve
	cmd := &cobra.Command{
		Use: "approve ID", Short: "Let an experiment run that waits for a second person", Args: cobra.ExactArgs(1),
		Long: "The policy asks for a second person where it names production, and where it says needs_approval.\n" +
			"Whoever asked for the experiment cannot approve it. Names are those of the operating system's users,\n" +
			"as the sender gives them: they keep a colleague from mistakes, not an intruder out.",
		ValidArgsFunction: w.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return w.tell(cmd, args[0], a, "approved by "+caller.Name()+"; follow it with: faultline show "+args[0])
		},
	}
	cmd.Flags().StringVar(&a.Reason, "reason", "", "why")
	return cmd
}

// tell sends one command and prints what came of it.
func (w *where) tell(cmd *cobra.Command, id string, c commands.Command, done string) error {
	if err := spec.CheckID(spec.ExperimentID(id)); err != nil {
		return err
	}
	s, err := w.open(cmd.Context())
	if err != nil {
		return err
	}
	if err := errors.Join(s.ask(cmd.Context(), spec.ExperimentID(id), c), s.Close()); err != nil {
		return err
	}
	cmd.Println(done)
	return nil
}

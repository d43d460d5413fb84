package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/spec"
)

func showCommand(w *where) *cobra.Command {
	var output, plot string
	cmd := &cobra.Command{
		Use: "show ID", Short: "What was claimed, what happened and what came of it", Args: cobra.ExactArgs(1),
		Long: "Reads the log of the pipeline; where none runs, the tables that it left. With --plot the course of what the\n" +
			"rules name goes to an SVG file, with the time of each fault; that takes the log.",
		ValidArgsFunction: w.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := w.reach(cmd.Context())
			if err != nil && plot != "" {
				return fmt.Errorf("drawing experiment %s: %w; what was measured is read from the log of a pipeline: start it with faultline up", args[0], err)
			}
			if err != nil {
				return w.fromTables(err, "show", args[0], output)
			}
			id := spec.ExperimentID(args[0])
			s.remember(id)
			err = s.fold(cmd.Context())
			state := s.log.State(id)
			if err == nil && plot != "" && state.Phase != experiment.Absent {
				err = s.draw(cmd.Context(), plot, state)
			}
			if err := errors.Join(err, s.Close()); err != nil {
				return err
			}
			if state.Phase == experiment.Absent {
				return fmt.Errorf("there is no experiment %s; see faultline list", id)
			}
			return report.Show(cmd.OutOrStdout(), output, state, s.batches())
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", report.Text, "text or json")
	cmd.Flags().StringVar(&plot, "plot", "", "write the course of the experiment to this SVG file, too")
	return cmd
}

func listCommand(w *where) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "list", Short: "Every experiment with its phase and verdict", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := w.reach(cmd.Context())
			if err != nil {
				return w.fromTables(err, "list", "", output)
			}
			if err := errors.Join(s.fold(cmd.Context()), s.Close()); err != nil {
				return err
			}
			return report.List(cmd.OutOrStdout(), output, s.log.All())
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", report.Text, "text or json")
	return cmd
}

// errAway says that nothing answers where the pipeline should be.
var errAway = errors.New("no pipeline answers")

// reach opens a session, or says errAway.
func (w *where) reach(ctx context.Context) (*session, error) {
	s, err := w.open(ctx)
	if errors.Is(err, settings.ErrNotRunning) {
		return nil, errors.Join(errAway, err)
	}
	if err != nil {
		if at, serr := w.settings(); serr == nil && len(at.Kafka.Brokers) == 0 {
			return nil, errors.Join(errAway, err) // an embedded pipeline that died
		}
	}
	return s, err
}

// fromTables lets the daemon read what the projections wrote.
func (w *where) fromTables(why error, what, id, output string) error {
	if !errors.Is(why, errAway) {
		return why
	}
	s, err := w.settings()
	if err != nil {
		return err
	}
	if _, err := os.Stat(s.Home); s.Lake.Kind == "" && err != nil {
		return why
	}
	args := []string{what, "--home", s.Home, "--output", output}
	if w.config != "" {
		args = append(args, "--config", w.config)
	}
	if id != "" {
		args = append(args, id)
	}
	return handOver(args)
}

// completeIDs offers the experiments of the log to the shell.
func (w *where) completeIDs(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(cmd.Context()), time.Second)
	defer stop()
	s, err := w.open(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	err = errors.Join(s.fold(ctx), s.Close())
	var ids []cobra.Completion
	for _, e := range s.log.All() {
		ids = append(ids, cobra.CompletionWithDesc(string(e.ID), e.Document.Title+", "+e.Phase.String()))
	}
	if err != nil && len(ids) == 0 {
		return nil, cobra.ShellCompDirectiveError
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/spec"
)

func showCommand() *cobra.Command {
	var f settingsFlags
	var output string
	cmd := &cobra.Command{
		Use: "show ID", Short: "An experiment as the tables have it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			batches, log, err := fromTables(cmd.Context(), f, args[0])
			if err != nil {
				return err
			}
			s := log.State(spec.ExperimentID(args[0]))
			if s.Phase == experiment.Absent {
				return fmt.Errorf("there is no experiment %s in the tables; see faultline list", args[0])
			}
			return report.Show(cmd.OutOrStdout(), output, s, batches)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", report.Text, "text or json")
	return cmd
}

func listCommand() *cobra.Command {
	var f settingsFlags
	var output string
	cmd := &cobra.Command{
		Use: "list", Short: "Every experiment that the tables have", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, log, err := fromTables(cmd.Context(), f, "")
			if err != nil {
				return err
			}
			return report.List(cmd.OutOrStdout(), output, log.All())
		},
	}
	f.add(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", report.Text, "text or json")
	return cmd
}

// fromTables folds chaos.events: of one experiment, or of all where id is
// empty.
func fromTables(ctx context.Context, f settingsFlags, id string) (_ []events.Batch, _ *handlers.Log, err error) {
	s, err := f.load()
	if err != nil {
		return nil, nil, err
	}
	l, err := openLake(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	options := lake.ScanOptions{}
	if id != "" {
		options.Equals = map[string]string{"experiment": id}
	}
	var rows []eventRow
	err = l.Scan(ctx, "chaos", "events", options, func(r lake.Row) error {
		row, err := readEvent(r)
		rows = append(rows, row)
		return err
	})
	if errors.Is(err, lake.ErrNoTable) {
		err = nil // nothing was written yet
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading chaos.events: %w", err)
	}
	batches := batchesOf(rows)
	log := &handlers.Log{}
	for _, b := range batches {
		log.Apply(b, handlers.Place{})
	}
	return batches, log, nil
}

// eventRow is one row of chaos.events.
type eventRow struct {
	experiment string
	version    int64
	index      int64
	cause      string
	at         time.Time
	event      events.Event
}

func readEvent(r lake.Row) (eventRow, error) {
	var row eventRow
	var ok [7]bool
	var name, payload string
	row.experiment, ok[0] = r.Text("experiment")
	row.version, ok[1] = r.Int("version")
	row.index, ok[2] = r.Int("index")
	row.cause, ok[3] = r.Text("cause")
	row.at, ok[4] = r.Time("at")
	name, ok[5] = r.Text("type")
	payload, ok[6] = r.Text("payload")
	if slices.Contains(ok[:], false) {
		return row, fmt.Errorf("a row of experiment %s lacks a column; was the table changed?", row.experiment)
	}
	var err error
	row.event, err = events.DecodeEvent(name, []byte(payload))
	return row, err
}

// batchesOf puts events back into the batches that they came in.
func batchesOf(rows []eventRow) []events.Batch {
	slices.SortFunc(rows, func(a, b eventRow) int {
		return cmp.Or(cmp.Compare(a.experiment, b.experiment), cmp.Compare(a.version, b.version), cmp.Compare(a.index, b.index))
	})
	var out []events.Batch
	for _, r := range rows {
		n := len(out)
		if r.index == 0 || n == 0 {
			out = append(out, events.Batch{Experiment: spec.ExperimentID(r.experiment), Version: uint64(r.version), Cause: r.cause, At: r.at}) //nolint:gosec // a version is never negative
			n++
		}
		out[n-1].Events = append(out[n-1].Events, r.event)
	}
	return out
}

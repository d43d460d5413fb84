package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/projections"
)

// youngestOrphan is the least age of a file that is removed: a younger one may
// be of a writer that is about to commit it.
const youngestOrphan = time.Hour

func lakeCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "lake", Short: "The tables of Faultline itself"}
	cmd.AddCommand(maintainCommand())
	return cmd
}

func maintainCommand() *cobra.Command {
	var f settingsFlags
	var u settings.Upkeep
	var output string
	var dry bool
	cmd := &cobra.Command{
		Use: "maintain [TABLE…]", Short: "Merge small files of Faultline's own tables, drop old snapshots and orphans", ValidArgs: projections.Tables(),
		Long: "Writes the small files of the tables of namespace " + projections.Namespace + " as large ones, drops old snapshots and removes files\n" +
			"that nothing needs. Tables of others are never touched. It may run beside a pipeline, and be killed.",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := f.load()
			if err != nil {
				return err
			}
			if output != report.Text && output != report.JSON {
				return report.ErrFormat(output)
			}
			with, err := upkeepOf(overUpkeep(s.Upkeep, u))
			if err != nil {
				return err
			}
			with.DryRun = dry
			all, err := maintain(cmd.Context(), s, args, with)
			return errors.Join(printKept(cmd.OutOrStdout(), output, all, dry), err)
		},
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&output, "output", "o", report.Text, "text or json")
	flags.BoolVar(&dry, "dry-run", false, "say what would be done, and change nothing")
	flags.IntVar(&u.KeepSnapshots, "keep", 0, "how many of the newest snapshots stay; default 100")
	flags.DurationVar(&u.SnapshotAge, "snapshots-older-than", 0, "drop no snapshot that is younger; default 1h")
	flags.DurationVar(&u.OrphanAge, "orphans-older-than", 0, "remove no file that is younger; default 24h, at least "+youngestOrphan.String())
	flags.Int64Var(&u.TargetBytes, "target-bytes", 0, "how large data files should get; default 128 MiB")
	flags.IntVar(&u.MinFiles, "min-files", 0, "how many small files of a day are worth merging; default 5")
	return cmd
}

// overUpkeep puts what the flags say on top of u.
func overUpkeep(u, flags settings.Upkeep) settings.Upkeep {
	u.TargetBytes = cmp.Or(flags.TargetBytes, u.TargetBytes)
	u.MinFiles = cmp.Or(flags.MinFiles, u.MinFiles)
	u.KeepSnapshots = cmp.Or(flags.KeepSnapshots, u.KeepSnapshots)
	u.SnapshotAge = cmp.Or(flags.SnapshotAge, u.SnapshotAge)
	u.OrphanAge = cmp.Or(flags.OrphanAge, u.OrphanAge)
	return u
}

// upkeepOf checks how tables are to be kept.
func upkeepOf(u settings.Upkeep) (lake.Upkeep, error) {
	var problems []error
	if u.OrphanAge != 0 && u.OrphanAge < youngestOrphan {
		problems = append(problems, fmt.Errorf("removing orphans older than %s: a writer may be about to commit a file so young: write %s or more", u.OrphanAge, youngestOrphan))
	}
	if u.KeepSnapshots < 0 || u.SnapshotAge < 0 || u.TargetBytes < 0 || u.MinFiles < 0 {
		problems = append(problems, errors.New("keeping tables: a number is below zero: leave it out for its default"))
	}
	if u.MinFiles == 1 {
		problems = append(problems, errors.New("merging 1 file: write 2 or more"))
	}
	return lake.Upkeep{
		TargetBytes: u.TargetBytes, MinFiles: u.MinFiles, KeepSnapshots: u.KeepSnapshots, SnapshotAge: u.SnapshotAge, OrphanAge: u.OrphanAge,
	}, errors.Join(problems...)
}

func maintain(ctx context.Context, s settings.Settings, names []string, u lake.Upkeep) (_ []lake.Kept, err error) {
	l, err := openLake(ctx, s)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return projections.Maintain(ctx, l, names, u)
}

func printKept(out io.Writer, output string, all []lake.Kept, dry bool) error {
	if output == report.JSON {
		if all == nil {
			all = []lake.Kept{}
		}
		return json.NewEncoder(out).Encode(struct {
			DryRun bool        `json:"dry_run"`
			Tables []lake.Kept `json:"tables"`
		}{dry, all})
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TABLE\tMERGED\tINTO\tROWS\tBYTES\tINTO\tEXPIRED\tLEFT\tORPHANS\tBYTES\tTOOK") //nolint:errcheck // Flush tells
	for _, t := range all {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%.1fs\n", //nolint:errcheck // Flush tells
			t.Table, t.Merged, t.Written, t.Rows, t.MergedBytes, t.WrittenBytes, t.Expired, t.Snapshots, t.Orphans, t.OrphanBytes, t.Seconds)
	}
	switch {
	case len(all) == 0:
		fmt.Fprintln(w, "no table was written yet") //nolint:errcheck // Flush tells
	case dry:
		fmt.Fprintln(w, "a dry run: nothing was changed") //nolint:errcheck // Flush tells
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("printing what was done: %w", err)
	}
	return nil
}

// keepTables maintains the tables of a pipeline until ctx ends.
func (p *pipeline) keepTables(ctx context.Context) {
	projections.Keeper{
		Every: p.upkeepEvery, StandsBy: p.tables.StandsBy, Log: p.log,
		Do: func(ctx context.Context) ([]lake.Kept, error) {
			return projections.Maintain(ctx, p.lake, nil, p.upkeep)
		},
	}.Run(ctx)
}

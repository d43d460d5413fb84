package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/projections/checks"
	"github.com/k2-platform/faultline/spec"
)

func checksCommand() *cobra.Command {
	var f settingsFlags
	var books, output string
	var age time.Duration
	cmd := &cobra.Command{
		Use: "checks", Short: "Check the table of a platform's books, as it is now", Args: cobra.NoArgs,
		Long: "Looks at the snapshots of the table, at every file that they need, at files that nothing needs, at the offsets of\n" +
			"the source topic, and at the natural keys of all rows. It changes nothing and needs no pipeline.\n" +
			"Exit code 1 where a check is violated, 5 where one could not run.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != report.Text && output != report.JSON {
				return fmt.Errorf("output %q: write text or json", output)
			}
			results, err := onDemand(cmd.Context(), f, books, age)
			if err != nil {
				return err
			}
			if err := writeChecks(cmd.OutOrStdout(), output, results); err != nil {
				return err
			}
			return exitOfChecks(results)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&books, "books", "", "name of the books; not needed where the platform has one set of them")
	cmd.Flags().DurationVar(&age, "orphan-age", checks.OrphanAge, "how old a file has to be that nothing needs")
	cmd.Flags().StringVarP(&output, "output", "o", report.Text, "text or json")
	return cmd
}

func onDemand(ctx context.Context, f settingsFlags, name string, age time.Duration) (_ []checks.Result, err error) {
	s, err := f.load()
	if err != nil {
		return nil, err
	}
	p, err := readPlatform(s.PlatformOrDefault())
	if err != nil {
		return nil, err
	}
	b, err := oneBooks(p, name)
	if err != nil {
		return nil, err
	}
	at, err := lakeOf(s)
	if err != nil {
		return nil, err
	}
	l, err := lake.Open(ctx, at)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	table := storedTrades{l, b}
	now, err := table.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	list := checks.All(checks.Settings{Orphans: checks.Orphans{Age: age}})
	input := checkInput(table, sourceTopic{b, slog.New(slog.DiscardHandler)})
	return checks.Run(ctx, list, input(events.BooksClosed{To: events.BookMark{Snapshot: now}})), nil
}

// oneBooks finds the books of a name, or the only ones.
func oneBooks(p spec.Platform, name string) (spec.Books, error) {
	names := slices.Sorted(maps.Keys(p.Books))
	if name == "" && len(names) == 1 {
		name = names[0]
	}
	b, ok := p.Books[name]
	if !ok {
		return b, fmt.Errorf("the platform keeps no books named %q: it has [%s]", name, strings.Join(names, " "))
	}
	if len(b.Brokers) == 0 {
		b.Brokers = p.Kafka
	}
	return b, nil
}

func writeChecks(w io.Writer, output string, results []checks.Result) error {
	if output == report.JSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(results)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "CHECK\tANSWER\tEXPECTED\tFOUND\tEVIDENCE") //nolint:errcheck // Flush tells
	for _, r := range results {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.Check, r.Answer, r.Expected, r.Actual, r.Evidence) //nolint:errcheck // Flush tells
	}
	return t.Flush()
}

// exitOfChecks is that of an experiment that found the same.
func exitOfChecks(results []checks.Result) error {
	answers := func(a events.Answer) bool {
		return slices.ContainsFunc(results, func(r checks.Result) bool { return r.Answer == a })
	}
	switch {
	case answers(events.Violated):
		return exitCode(experiment.ExitRefuted)
	case answers(events.Unknown):
		return exitCode(experiment.ExitInconclusive)
	}
	return nil
}

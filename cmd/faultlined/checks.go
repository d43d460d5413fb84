package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/auditing"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/audit/sources"
	"github.com/k2-platform/faultline/projections/checks"
	"github.com/k2-platform/faultline/spec"
)

// checksFlags are those of the checks on demand.
type checksFlags struct {
	settingsFlags
	books, from, to, output string
	age                     time.Duration
	begin, end              time.Time // of from and to
	options                 auditing.Options
}

func checksCommand() *cobra.Command {
	f := &checksFlags{}
	cmd := &cobra.Command{
		Use: "checks", Short: "Check the table of a platform's books, as it is now", Args: cobra.NoArgs,
		Long: "Looks at the snapshots of the table, at every file that they need, at files that nothing needs, at the offsets of\n" +
			"the source topic, and at the natural keys of all rows. Where the books have a mapping the columns and the schemas\n" +
			"are held against it, and what the topic has against the table: sums over windows of time, and sequences; all of\n" +
			"it, or from one time to another. It changes nothing and needs no pipeline.\n" +
			"Exit code 1 where a check is violated, 5 where one could not run.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.books, "books", "", "name of the books; not needed where the platform has one set of them")
	flags.DurationVar(&f.age, "orphan-age", checks.OrphanAge, "how old a file has to be that nothing needs")
	flags.StringVar(&f.from, "from", "", "hold the topic against the table from then on: a time as RFC 3339, or how long ago, such as 2h; default its beginning")
	flags.StringVar(&f.to, "to", "0s", "with --from: until then")
	flags.DurationVar(&f.options.Wait, "wait", time.Minute, "with --from: how long the sink may take to come to the end")
	flags.StringVarP(&f.output, "output", "o", report.Text, "text or json")
	return cmd
}

func (f *checksFlags) run(ctx context.Context, out, notes io.Writer) error {
	if f.output != report.Text && f.output != report.JSON {
		return report.ErrFormat(f.output)
	}
	if err := f.times(time.Now()); err != nil {
		return err
	}
	results, err := f.results(ctx, notes)
	if err != nil {
		return err
	}
	if err := writeChecks(out, f.output, results); err != nil {
		return err
	}
	return exitOfChecks(results)
}

func (f *checksFlags) times(now time.Time) (err error) {
	switch {
	case f.from != "":
		f.begin, err = momentOf("--from", f.from, now)
	case f.to != "0s":
		err = errors.New("--to is the end of a time that begins --from: write both")
	}
	if err == nil {
		f.end, err = momentOf("--to", f.to, now)
	}
	return err
}

func (f *checksFlags) results(ctx context.Context, notes io.Writer) (_ []checks.Result, err error) {
	s, err := f.load()
	if err != nil {
		return nil, err
	}
	p, err := readPlatform(s.PlatformOrDefault())
	if err != nil {
		return nil, err
	}
	b, err := oneBooks(p, f.books)
	if err != nil {
		return nil, err
	}
	l, err := openLake(ctx, s)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return f.check(ctx, l, b, notes)
}

// check runs all checks of a table.
func (f *checksFlags) check(ctx context.Context, l *lake.Lake, b spec.Books, notes io.Writer) ([]checks.Result, error) {
	table := storedTrades{l, b}
	now, err := table.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	in := checkInput(table, sourceTopic{b, slog.New(slog.DiscardHandler)})(events.BooksClosed{To: events.BookMark{Snapshot: now}})
	in.Note = func(check string, why error) {
		fmt.Fprintf(notes, "%s was not run: %v\n", check, why) //nolint:errcheck // to the terminal
	}
	list := checks.All(checks.Settings{Orphans: checks.Orphans{Age: f.age}})
	if b.Mapping == nil {
		in.Note("what compares the topic with the table", sources.ErrNoMapping)
		return checks.Run(ctx, list, in), nil
	}
	drift := sources.DriftOf(*b.Mapping)
	compare := func(err error) ([]checks.Result, error) {
		unread(&in, err)
		return checks.Run(ctx, append(append(list, sources.Comparing(b)...), drift), in), nil
	}
	kafka, err := bus.Open(bus.Config{Brokers: b.Brokers}, slog.New(slog.DiscardHandler))
	if err != nil {
		return compare(err)
	}
	defer func() { _ = kafka.Close() }() // it was only read
	p, err := sources.Open(ctx, b, kafka, l)
	if err != nil {
		return compare(err)
	}
	w, err := f.compared(ctx, p)
	if err != nil && !errors.Is(err, sources.ErrNoWindow) {
		return compare(err)
	}
	own := p.Compare(w, nil).Input()
	in.Key, in.Columns, in.Registry = own.Key, own.Columns, own.Registry
	if err != nil {
		in.Note("what compares the topic with the table", err)
	} else {
		list = append(list, sources.Comparing(b)...)
		in.All, in.Log, in.Rows = in.Rows, own.Log, own.Rows
	}
	return checks.Run(ctx, append(list, drift), in), nil
}

// compared is the window of topic and table.
func (f *checksFlags) compared(ctx context.Context, p *sources.Platform) (audit.Window, error) {
	if f.from == "" {
		return p.Whole(ctx)
	}
	if p.Books.Moment != "" {
		f.options.By = sources.ByMoment // windows are of when records were made
	}
	w, waited, err := auditing.Settled(ctx, p, f.begin, f.end, f.options)
	if err = errors.Join(err, waited); err != nil {
		return w, err
	}
	return p.Pin(ctx, w)
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

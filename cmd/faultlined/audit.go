package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers/auditing"
	"github.com/k2-platform/faultline/handlers/bookkeeping"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/projections/audit/sources"
	"github.com/k2-platform/faultline/spec"
)

// auditFlags are those of an audit.
type auditFlags struct {
	settingsFlags
	books, from, to, by, output string
	follow, checks              bool
	every                       time.Duration
	options                     auditing.Options
	spark                       sparkFlags
	notes                       io.Writer // what is no answer
}

func auditCommand() *cobra.Command {
	f := &auditFlags{}
	cmd := &cobra.Command{
		Use: "audit", Short: "Account for every record of a flow, without an experiment", Args: cobra.NoArgs,
		Long: "Holds the source topic of the platform's books against the table that its records end up in, one by one:\n" +
			"each is stored once, or in one of the classes that say what became of it. With --follow the books are closed\n" +
			"minute by minute, each minute once. Exit code 0 where all is accounted for and nothing is lost, altered or\n" +
			"too much, 1 where something is, 5 where that is not known, 2 where the command makes no sense.",
		Example: "  faultline audit --from 2h --to 1h\n  faultline audit --from 2026-03-04T09:00:00Z --output json\n  faultline audit --follow",
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.books, "books", "", "which of the platform's books; may be left out where there is one")
	flags.StringVar(&f.from, "from", "", "begin: a time as RFC 3339, or how long ago, such as 2h")
	flags.StringVar(&f.to, "to", "0s", "end: a time as RFC 3339, or how long ago")
	flags.StringVar(&f.by, "by", "", "how the time is found: commits (of the sink, by the table's snapshots), moment (the books' column), offsets (the log's clock); default the first that the platform allows")
	flags.DurationVar(&f.options.Slack, "slack", 10*time.Minute, "by moment: how much earlier or later than its moment a record may stand in the log")
	flags.DurationVar(&f.options.Wait, "wait", time.Minute, "how long the sink may take to come to the end; what it has not come to then is in flight")
	flags.IntVar(&f.options.Workers, "workers", 0, "how many read at once; default one for each processor")
	flags.BoolVar(&f.follow, "follow", false, "close the books again and again, until interrupted")
	flags.DurationVar(&f.every, "every", time.Minute, "with --follow: how often")
	flags.BoolVar(&f.checks, "checks", true, "compare log and table as a whole, too, where the books name windows or sequences; not with --follow")
	f.spark.add(flags)
	flags.StringVarP(&f.output, "output", "o", report.Text, "text or json")
	return cmd
}

func (f *auditFlags) run(cmd *cobra.Command) error {
	ctx, now := cmd.Context(), time.Now()
	from, to, err := f.window(now)
	if err != nil {
		return err
	}
	s, err := f.load()
	if err != nil {
		return err
	}
	p, err := readPlatform(s.PlatformOrDefault())
	if err != nil {
		return err
	}
	books, err := oneBooks(p, f.books)
	if err != nil {
		return err
	}
	at, err := lakeOf(s)
	if err != nil {
		return err
	}
	f.notes = cmd.ErrOrStderr()
	l, err := lake.Open(ctx, at)
	if err != nil {
		return f.unanswered(ctx, err, from, to)
	}
	b, err := bus.Open(bus.Config{Brokers: books.Brokers}, slog.New(slog.DiscardHandler))
	if err != nil {
		return errors.Join(f.unanswered(ctx, &awayError{err}, from, to), l.Close())
	}
	err = f.audit(ctx, cmd.OutOrStdout(), flow{b, l, at, books, filepath.Join(s.Home, "audits")}, from, to)
	return errors.Join(f.unanswered(ctx, err, from, to), b.Close(), l.Close())
}

// flow is what is audited, and where it is kept how far that is.
type flow struct {
	bus   *bus.Bus
	lake  *lake.Lake
	at    lake.Config // of the lake, for another engine
	books spec.Books
	dir   string
}

func (f *auditFlags) audit(ctx context.Context, out io.Writer, what flow, from, to time.Time) error {
	p, err := sources.Open(ctx, what.books, what.bus, what.lake)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(what.dir, 0o700); err != nil {
		return fmt.Errorf("making the folder of audits: %w", err)
	}
	f.options.By = sources.By(f.by)
	if f.spark.on() {
		return f.onSpark(ctx, out, what, p, from, to)
	}
	if what.books.Receipts != "" && p.TextKey() {
		f.options.Receipts = &auditing.Receipts{Producer: bookkeeping.FeedAt(what.books.Receipts)}
	}
	if f.follow {
		return f.followed(ctx, out, p, auditing.MarkFile(filepath.Join(what.dir, what.books.Topic+".json")))
	}
	f.options.Store = auditing.Spare{
		Store: auditing.StateFile(filepath.Join(what.dir, what.books.Topic+".state")),
		Told: func(err error) {
			fmt.Fprintf(f.notes, "faultlined: how far the audit is was not kept, it goes on without: %v\n", err) //nolint:errcheck // a note
		},
	}
	r, err := auditing.Once(ctx, p, from, to, f.options)
	if err != nil {
		return err
	}
	c := auditing.Closed{From: from, To: to, Report: r}
	if f.checks {
		c.Checks = auditChecks(ctx, p, r.Window)
	}
	if f.output == report.JSON {
		err = auditing.PrintJSON(out, c)
	} else {
		err = printAudit(out, c)
	}
	if code := codeOf(c); err == nil && code != experiment.ExitUpheld {
		return exitCode(code)
	}
	return err
}

// followed prints a line for each minute that is closed, and what is wrong in
// it. It ends when it is interrupted, with the code of the worst minute.
func (f *auditFlags) followed(ctx context.Context, out io.Writer, p *sources.Platform, marks auditing.Marks) error {
	worst := experiment.ExitUpheld
	err := auditing.Follow(ctx, p, f.every, marks, f.options, func(c auditing.Closed) error {
		code := auditing.ExitCode(c.Report)
		if code == experiment.ExitRefuted || worst == experiment.ExitUpheld {
			worst = code
		}
		if f.output == report.JSON {
			return auditing.PrintJSON(out, c)
		}
		_, err := fmt.Fprintf(out, "%s to %s: %d records. %s\n", c.From.UTC().Format(time.TimeOnly), c.To.UTC().Format(time.TimeOnly), c.Report.Records, auditing.Sentence(c.Report))
		if err == nil && code == experiment.ExitRefuted {
			err = auditing.Print(out, c.Report)
		}
		return err
	})
	if err != nil && ctx.Err() == nil {
		return err
	}
	if worst != experiment.ExitUpheld {
		return exitCode(worst)
	}
	return nil
}

// window reads the times, of which the second is now where nothing is said.
func (f *auditFlags) window(now time.Time) (from, to time.Time, err error) {
	if f.output != report.Text && f.output != report.JSON {
		return from, to, report.ErrFormat(f.output)
	}
	if err := f.spark.check(f.follow, f.by); err != nil {
		return from, to, err
	}
	if f.by != "" && !slices.Contains(sources.Ways(), sources.By(f.by)) {
		return from, to, fmt.Errorf("--by %q: write one of %v", f.by, sources.Ways())
	}
	if f.follow {
		if f.from != "" || f.to != "0s" {
			return from, to, errors.New("--follow begins where it was last, or now: leave --from and --to out")
		}
		if f.every <= 0 {
			return from, to, errors.New("--every has to be longer than nothing")
		}
		return now, now, nil
	}
	if f.from == "" {
		return from, to, errors.New("an audit needs its begin: write --from 1h, or a time such as --from 2026-03-04T09:00:00Z")
	}
	if from, err = momentOf("--from", f.from, now); err != nil {
		return from, to, err
	}
	if to, err = momentOf("--to", f.to, now); err == nil && !from.Before(to) {
		err = fmt.Errorf("--from %s is not before --to %s", f.from, f.to)
	}
	return from, to, err
}

// momentOf reads a time, or how long ago it was.
func momentOf(flag, text string, now time.Time) (time.Time, error) {
	if ago, err := time.ParseDuration(text); err == nil {
		return now.Add(-ago), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("%s %q: write how long ago, such as 2h, or a time as RFC 3339, such as 2026-03-04T09:00:00Z", flag, text)
	}
	return at, nil
}

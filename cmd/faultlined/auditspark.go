package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/pflag"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/auditing"
	"github.com/k2-platform/faultline/internal/spark"
	"github.com/k2-platform/faultline/internal/sparkaudit"
	"github.com/k2-platform/faultline/projections/audit/sources"
	"github.com/k2-platform/faultline/projections/checks"
	"github.com/k2-platform/faultline/spec"
)

// engineLocal and engineSpark are where an audit reads the table.
const (
	engineLocal = "local"
	engineSpark = "spark"
)

// sparkFlags say how to reach a Spark.
type sparkFlags struct {
	engine, submit string
	args           []string
}

func (f *sparkFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.engine, "engine", engineLocal, "local, or spark: the checks of the table run there as SQL, for tables that outgrow one machine, and records are in no classes")
	flags.StringVar(&f.submit, "spark-submit", "", "with --engine spark: its spark-submit; default the one of the PATH")
	flags.StringArrayVar(&f.args, "spark-arg", nil, "with --engine spark: an argument of spark-submit, such as --spark-arg=--master --spark-arg=yarn; may be given again")
}

func (f *sparkFlags) on() bool { return f.engine == engineSpark }

func (f *sparkFlags) check(follow bool, by string) error {
	switch {
	case f.engine != engineLocal && f.engine != engineSpark:
		return fmt.Errorf("--engine %q: write local or spark", f.engine)
	case !f.on() && (f.submit != "" || len(f.args) > 0):
		return errors.New("--spark-submit and --spark-arg are for --engine spark: write that, too")
	case f.on() && follow:
		return errors.New("--follow is for the local engine: leave it out, or --engine spark")
	case f.on() && by != "" && by != string(sources.ByMoment):
		return fmt.Errorf("--by %s is for the local engine: on Spark the window goes by moment", by)
	}
	return nil
}

// onSpark sums up the log here, has Spark check the table against it, and prints
// the checks as the local engine does.
func (f *auditFlags) onSpark(ctx context.Context, out io.Writer, what flow, p *sources.Platform, from, to time.Time) error {
	o, err := sparkOptions(p)
	if err != nil {
		return err
	}
	o.Engine = spark.Submit{Command: f.spark.submit, Args: f.spark.args, Catalog: spark.Catalog(what.at)}
	o.From, o.To = from, to
	f.options.By = sources.ByMoment
	p.Books.Moment = p.Books.WindowTime() // both sides are cut by what windows are made of
	w, waited, err := auditing.Settled(ctx, p, from, to, f.options)
	if err != nil {
		return err
	}
	if w, err = p.Pin(ctx, w); err != nil {
		return err
	}
	if err := sentOf(ctx, p.Books, p.Compare(w, nil).Input(), &o); err != nil {
		return err
	}
	rows, err := sparkaudit.Run(ctx, o)
	if err != nil && len(rows) == 0 {
		return err
	}
	results := resultsOf(rows)
	for _, why := range []error{waited, err} {
		if why != nil {
			results = append(results, checks.Result{Check: "spark", From: from, To: to, Evidence: why.Error()})
		}
	}
	if err := writeChecks(out, f.output, results); err != nil {
		return err
	}
	return exitOfChecks(results)
}

// sparkOptions are what the books say of the table, in the words of the SQL.
func sparkOptions(p *sources.Platform) (sparkaudit.Options, error) {
	b, w := p.Books, p.Books.Windows
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if w == nil {
		return sparkaudit.Options{}, errors.New("auditing on Spark: the books name no windows to sum up; write windows: in the platform")
	}
	o := sparkaudit.Options{
		Table: b.Namespace + "." + b.Table, PriceScale: p.Scale(w.Price), QuantityScale: p.Scale(w.Quantity),
		Columns: sparkaudit.Columns{Time: b.WindowTime(), Price: w.Price, Quantity: w.Quantity},
	}
	if len(w.By) == 2 {
		o.Columns.Exchange, o.Columns.Symbol = w.By[0], w.By[1]
	} else {
		report("auditing on Spark: windows are told apart by two columns there, and the books name %d; write two, such as exchange and symbol", len(w.By))
	}
	if key := b.Mapping.Key; len(key) == 1 {
		o.Columns.Key = key[0]
	} else {
		report("auditing on Spark: a key has one column there, and the mapping's has %d; audit with the local engine", len(key))
	}
	every := sources.SumsOf(b).Every
	slots := map[time.Duration]string{time.Minute: "minute", time.Hour: "hour", 24 * time.Hour: "day"}
	if o.Slot = slots[every]; o.Slot == "" {
		report("auditing on Spark: windows are a minute, an hour or a day long there, and the books name %s", every)
	}
	if len(b.Sequences) > 0 {
		o.Columns.Sequence, o.Columns.SequencePer = b.Sequences[0].Column, b.Sequences[0].Per
	}
	if len(b.Sequences) > 1 {
		report("auditing on Spark: one sequence is looked at there, and the books name %d; audit with the local engine", len(b.Sequences))
	}
	return o, errors.Join(problems...)
}

// sentOf brings the log's side.
func sentOf(ctx context.Context, b spec.Books, in checks.Input, o *sparkaudit.Options) error {
	windows, err := sources.SumsOf(b).Sent(ctx, in)
	if err != nil {
		return err
	}
	o.Produced = make([]sparkaudit.Sums, len(windows))
	for i, w := range windows {
		o.Produced[i] = sparkaudit.Sums{
			Exchange: w.By[0], Symbol: w.By[1], From: w.From, Records: w.Records,
			Price: w.Price, Quantity: w.Quantity, Turnover: w.Product, First: w.First, Last: w.Last,
		}
	}
	o.Sequences = []sparkaudit.Sequence{}
	for _, s := range sources.SequencesOf(b) {
		sent, err := s.Sent(ctx, in)
		if err != nil {
			return err
		}
		for _, q := range sent {
			o.Sequences = append(o.Sequences, sparkaudit.Sequence{Of: q.Of, First: q.First, Last: q.Last, Missing: q.Missing, Repeats: q.Repeats})
		}
	}
	return nil
}

func resultsOf(rows []sparkaudit.Row) []checks.Result {
	var out []checks.Result
	for _, r := range rows {
		out = append(out, checks.Result{
			Check: r.Check, From: r.From, To: r.To, Expected: r.Expected, Actual: r.Actual, Answer: r.Answer, Evidence: r.Evidence,
			Cost: events.CheckCost{Duration: spec.Duration(r.Cost)},
		})
	}
	return out
}

// Package auditing runs audits of a platform: one over a given time, or one
// after the other for ever. It waits for the sink where it has to.
package auditing

import (
	"context"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/audit/sources"
)

// Flow is the flow of records that is audited; sources.Platform is one.
type Flow interface {
	// Best is the way that finds most.
	Best(ctx context.Context) (sources.By, error)
	// Window is the records from one time to another.
	Window(ctx context.Context, by sources.By, from, to time.Time, slack time.Duration) (audit.Window, error)
	// Between is what was committed after one snapshot and up to another.
	Between(ctx context.Context, after, snapshot int64) (audit.Window, error)
	// Sink is how far the sink is, and whether its rows are there as well.
	Sink(ctx context.Context) (next map[int32]int64, owned bool, err error)
	// Ahead errs where the sink is past the end of the log.
	Ahead(ctx context.Context, next map[int32]int64) error
	// Head is the table's snapshot of now.
	Head(ctx context.Context) (int64, error)
	// Ends are the offsets that the log had reached at a time.
	Ends(ctx context.Context, at time.Time) (map[int32]int64, error)
	// Audit is how a window is audited.
	Audit(w audit.Window) audit.Config
}

var _ Flow = (*sources.Platform)(nil)

// Options of an audit. The zero value audits by the best way, and waits a
// minute for the sink.
type Options struct {
	By sources.By // "" is the best
	// Slack is how much earlier or later than its moment a record may stand in the
	// log; default ten minutes.
	Slack time.Duration
	// Wait is how long the sink may take to come to the end of the window, default
	// one minute. What it has not come to then is in flight.
	Wait time.Duration
	// Quiet is when the table has what the sink has committed, where it does not
	// hold the offsets; default two commits, or half a minute without one.
	Quiet audit.Quiet
	// Store keeps how far an audit is; nil: nothing does.
	Store audit.Store
	// Receipts are those of the producer, nil: the log alone says what was
	// produced. By moment they are not asked for: they do not say when a record was
	// made.
	Receipts *Receipts
	// Workers that read at once; default one for each processor.
	Workers int
}

const (
	defaultSlack = 10 * time.Minute
	defaultWait  = time.Minute
	quietCommits = 2
	quietFor     = 30 * time.Second
	look         = 250 * time.Millisecond
)

func (o Options) withDefaults() Options {
	if o.Slack <= 0 {
		o.Slack = defaultSlack
	}
	if o.Wait <= 0 {
		o.Wait = defaultWait
	}
	if o.Quiet == (audit.Quiet{}) {
		o.Quiet = audit.Quiet{Commits: quietCommits, For: quietFor}
	}
	return o
}

// Once audits the records from one time to another, of which the second may be
// that of now.
func Once(ctx context.Context, f Flow, from, to time.Time, o Options) (audit.Report, error) {
	w, waited, err := Settled(ctx, f, from, to, o)
	if err != nil {
		return audit.Report{}, err
	}
	return run(ctx, f, w, waited, o.withDefaults())
}

// Settled waits for the sink, and gives the window of the records from one time
// to another. waited says what the sink was waited for in vain.
func Settled(ctx context.Context, f Flow, from, to time.Time, o Options) (w audit.Window, waited, err error) {
	o = o.withDefaults()
	if !from.Before(to) {
		return w, nil, fmt.Errorf("auditing from %s to %s: there is no time between them", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	by := o.By
	if by == "" {
		if by, err = f.Best(ctx); err != nil {
			return w, nil, err
		}
	}
	ends, err := f.Ends(ctx, to)
	if err != nil {
		return w, nil, err
	}
	sink, waited := drained(ctx, f, ends, o)
	if ctx.Err() != nil {
		return w, nil, ctx.Err()
	}
	w, err = f.Window(ctx, by, from, to, o.Slack)
	w.Sink = sink
	return w, waited, err
}

// run audits a window. What the sink was waited for in vain is in the report.
func run(ctx context.Context, f Flow, w audit.Window, waited error, o Options) (audit.Report, error) {
	c := f.Audit(w)
	c.Store, c.Workers = o.Store, o.Workers
	var unheard error
	if o.Receipts != nil && w.Moments == nil {
		c.Receipts, unheard = o.Receipts.Of(ctx, w.Log, o.Wait)
	}
	r, err := audit.Run(ctx, c)
	if unheard != nil {
		r.Unread = append(r.Unread, audit.Unread{Source: "receipts", Why: unheard.Error()})
	}
	if waited != nil {
		r.Unread = append(r.Unread, audit.Unread{Source: audit.SinkBehind, Why: waited.Error()})
	}
	return r, err
}

// drained waits until the sink is past the ends and its table has what it has
// committed. It returns how far the sink is, nil where nothing says, and why it
// waited in vain.
func drained(ctx context.Context, f Flow, ends map[int32]int64, o Options) (sink map[int32]int64, waited error) {
	ctx, cancel := context.WithTimeout(ctx, o.Wait)
	defer cancel()
	var d *audit.Drain
	for {
		next, owned, err := f.Sink(ctx)
		snapshot := int64(0)
		if err == nil {
			snapshot, err = f.Head(ctx)
		}
		sight := audit.Sight{At: time.Now(), Next: next, Snapshot: snapshot}
		if d == nil && err == nil {
			d = &audit.Drain{Ends: ends}
			if !owned {
				d.Quiet = o.Quiet
			}
			if next == nil {
				d.Ends = nil // nobody says how far the sink is
			}
		}
		if err == nil {
			sink = next
			if d.See(sight) {
				return sink, f.Ahead(ctx, next)
			}
			waited = fmt.Errorf("after %s %s: see whether the sink runs, or wait longer", o.Wait, d.Waiting(sight))
		} else {
			waited = fmt.Errorf("asking how far the sink is: %w", err)
		}
		if !pause.For(ctx, look) {
			return sink, waited
		}
	}
}

package audit

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/digest"
)

// audit is one run.
type audit struct {
	Config
	report Report

	acked    marks // places that receipts name
	changed  marks // places of records that a fault changed before they were there
	fetched  marks // of those that a fault changed for a reader
	lettered marks // places of records that have a dead letter
	said     digest.Buckets
	weight   []int32 // by bucket: receipts and letters that only a closer look can place

	mu    sync.Mutex // of state and report while the log is read
	state State
	twice *twice

	noReceipts, noLetters bool // they could not be read
	explained             int  // records that were read once more
}

// Run accounts for the records of a window. The error is of ctx, of the Store, of
// Out, or of a configuration that says too little; what a source does not give is in
// the report instead, and the audit goes on with the rest.
func Run(ctx context.Context, c Config) (Report, error) {
	if err := c.Validate(); err != nil {
		return Report{}, err
	}
	a := &audit{Config: c.withDefaults()}
	a.said, a.weight = digest.NewBuckets(a.Power), make([]int32, 1<<a.Power)
	a.report = Report{Window: a.Window, Columns: a.Columns, Keys: a.Keys, Reasons: map[string]int64{}, Examples: map[account.Class][]Example{}}
	err := a.run(ctx)
	a.report.Counts = a.report.Classes.Counts()
	if err != nil {
		return a.report, fmt.Errorf("auditing: %w", err)
	}
	if a.Store != nil {
		if err := a.Store.Clear(); err != nil {
			return a.report, fmt.Errorf("auditing: forgetting how far it was: %w", err)
		}
	}
	return a.report, nil
}

func (a *audit) run(ctx context.Context) error {
	if err := a.hear(ctx); err != nil {
		return err
	}
	if err := a.resume(); err != nil {
		return err
	}
	a.twice = &twice{a.state.Twice}
	if err := a.readLog(ctx); err != nil {
		return err
	}
	a.report.Records, a.report.Unreadable, a.report.Letters = a.state.Records, a.state.Unreadable, a.state.Lettered
	a.report.Unread = append(a.report.Unread, joined(a.state.Unread)...)
	snapshot, err := a.pin(ctx)
	if err == nil {
		err = a.compare(ctx, snapshot)
	}
	if errors.Is(err, ErrGone) && a.mayMove() {
		if snapshot, err = a.Table.Pin(ctx); err == nil {
			err = a.compare(ctx, snapshot)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if refused, ok := errors.AsType[*refusedError](err); ok {
		return refused
	}
	if err != nil {
		a.unread(Unread{Source: "table", Why: err.Error()})
		a.report.Classes, a.report.Unknown = account.Tally{}, a.report.Records
	}
	return nil
}

// mayMove says that another snapshot has the records of the window, too. What
// was told of is not told of again.
func (a *audit) mayMove() bool {
	return a.Out == nil && a.Window.Snapshot == 0 && a.Window.After == 0 && a.Window.Deadline == 0 && (a.Window.Moments != nil || !a.Window.Alone)
}

func (a *audit) pin(ctx context.Context) (int64, error) {
	if a.Window.Snapshot != 0 {
		return a.Window.Snapshot, nil
	}
	return a.Table.Pin(ctx)
}

func (a *audit) unread(u Unread) { a.report.Unread = append(a.report.Unread, u) }

// missed notes a source that could not be read. It goes on, unless ctx ended.
func (a *audit) missed(ctx context.Context, source string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		a.unread(Unread{Source: source, Why: err.Error()})
	}
	return nil
}

// hear learns what receipts, dead letters and ground truth say of places and
// keys, before the log is read.
func (a *audit) hear(ctx context.Context) error {
	if a.Receipts != nil {
		err := a.Receipts.Receipts(ctx, a.heard)
		a.noReceipts = err != nil
		if err := a.missed(ctx, "receipts", err); err != nil {
			return err
		}
	}
	if a.Truth != nil {
		err := a.Truth.Touched(ctx, func(at Place, c Change) error {
			switch c {
			case ChangedInLog:
				a.changed.set(at)
			case ChangedOnRead:
				a.fetched.set(at)
			case Untouched:
			}
			return nil
		})
		if err := a.missed(ctx, "ground truth", err); err != nil {
			return err
		}
	}
	for _, letters := range a.Letters {
		err := letters.Letters(ctx, func(l Letter) error {
			if !a.lettered.set(l.At) && l.At.Offset < 0 && len(l.Key) > 0 {
				a.weight[a.said.Of(l.Key)]++
			}
			return nil
		})
		a.noLetters = a.noLetters || err != nil
		if err := a.missed(ctx, "dead letters", err); err != nil {
			return err
		}
	}
	return nil
}

// heard adds a receipt: of a record that was acknowledged the log has to have
// the same at the same place.
func (a *audit) heard(s Said) error {
	a.report.Receipts++
	b := a.said.Of(s.Key)
	if s.State != account.Acked || s.At.Offset < 0 {
		a.weight[b]++
		return nil
	}
	a.acked.set(s.At)
	a.said[b].Add(placed(nil, s.Key, s.At))
	return nil
}

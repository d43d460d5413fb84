package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/k2-platform/faultline/internal/lake"
)

// Tables lists the tables that are Faultline's own. No other is ever changed
// by Maintain.
func Tables() []string {
	return []string{
		"dlq_audit", "events", "experiments", "faults", "ground_truth", "integrity_checks", "readings", "record_ledger", "verdicts",
	}
}

// ErrNotOurs is returned for a table that Maintain may not touch.
var ErrNotOurs = errors.New("not a table of Faultline's")

// Maintain keeps the named tables, all that there are where none is named: see
// lake.Maintain. It goes on after a table that failed. Tables that were never
// written are left out.
func Maintain(ctx context.Context, l *lake.Lake, names []string, u lake.Upkeep) ([]lake.Kept, error) {
	ours := Tables()
	for _, name := range names {
		if !slices.Contains(ours, name) {
			return nil, fmt.Errorf("maintaining %s.%s: %w: name some of %v", Namespace, name, ErrNotOurs, ours)
		}
	}
	if len(names) == 0 {
		names = ours
	}
	var all []lake.Kept
	var problems []error
	for _, name := range names {
		kept, err := l.Maintain(ctx, Namespace, name, u)
		if errors.Is(err, lake.ErrNoTable) {
			continue
		}
		all = append(all, kept)
		problems = append(problems, err)
		if ctx.Err() != nil {
			break
		}
	}
	return all, errors.Join(problems...)
}

// Keeper maintains the tables every so often.
type Keeper struct {
	Every time.Duration // not above zero: never
	// StandsBy says that another daemon writes the tables, and keeps them, too.
	StandsBy func() bool
	Do       func(context.Context) ([]lake.Kept, error)
	Log      *slog.Logger
}

// Run maintains at each beat until ctx ends. What failed is logged and done at
// the next beat.
func (k Keeper) Run(ctx context.Context) {
	if k.Every <= 0 {
		return
	}
	beat := time.NewTicker(k.Every)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
		if k.StandsBy() {
			continue
		}
		all, err := k.Do(ctx)
		for _, t := range all {
			if t.Merged > 0 || t.Expired > 0 || t.Orphans > 0 {
				k.Log.Info("maintained a table", "table", t.Table, "merged", t.Merged, "written", t.Written,
					"expired", t.Expired, "orphans", t.Orphans, "seconds", t.Seconds)
			}
		}
		if err != nil && ctx.Err() == nil {
			k.Log.Error("maintaining the tables failed; trying again at the next beat", "every", k.Every, "error", err)
		}
	}
}

package sparkaudit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/k2-platform/faultline/internal/spark"
)

// Engine runs SQL: spark.Submit is one.
type Engine interface {
	Run(ctx context.Context, job spark.Job) ([]spark.Result, error)
}

// Run has the engine check the table, and returns the rows of each check in
// one order. A check that could not run, or found nothing to look at, is a row
// with an unknown answer that says why: never no row. The error is about the
// options, or the engine as a whole; the rows beside it are those that it came
// to give.
func Run(ctx context.Context, o Options) ([]Row, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("auditing %s: %w", o.Table, err)
	}
	job, err := o.job()
	if err != nil {
		return nil, fmt.Errorf("auditing %s: %w", o.Table, err)
	}
	results, err := o.Engine.Run(ctx, job)
	out, problem := o.rows(results)
	if err := errors.Join(err, problem); err != nil {
		return out, fmt.Errorf("auditing %s from %s to %s: %w", o.Table, o.From.UTC().Format(time.RFC3339), o.To.UTC().Format(time.RFC3339), err)
	}
	return out, nil
}

// rows puts the results into the order of the checks.
func (o Options) rows(results []spark.Result) ([]Row, error) {
	var out []Row
	var problems []error
	for _, c := range o.checks() {
		own, err := o.rowsOf(c, results)
		problems = append(problems, err)
		for _, row := range own {
			if row.Check == "" {
				row.Check = c.name
			}
			if row.From.IsZero() && row.To.IsZero() {
				row.From, row.To = o.From.UTC(), o.To.UTC()
			}
			out = append(out, row)
		}
	}
	return out, errors.Join(problems...)
}

func (o Options) rowsOf(c check, results []spark.Result) ([]Row, error) {
	if !c.wants {
		if c.without == "" {
			return nil, nil
		}
		return []Row{{Evidence: c.without}}, nil
	}
	i := slices.IndexFunc(results, func(r spark.Result) bool { return r.Name == c.name })
	if i < 0 {
		return []Row{{Evidence: "the engine ended before it came to this check"}}, nil
	}
	r := results[i]
	cost := time.Duration(r.Seconds * float64(time.Second))
	if r.Error != "" {
		return []Row{{Evidence: strings.Join(append(broken(results), r.Error), "; "), Cost: cost}}, nil
	}
	own, err := c.tell(o, foundIn(r))
	switch {
	case err != nil:
		return []Row{{Evidence: err.Error(), Cost: cost}}, fmt.Errorf("reading what check %s found: %w", c.name, err)
	case len(own) == 0:
		return []Row{{Evidence: "there is nothing that it could look at", Cost: cost}}, nil
	}
	for i := range own {
		own[i].Cost = cost
	}
	return own, nil
}

// broken says which views could not be made: checks fail for want of them.
func broken(results []spark.Result) []string {
	var out []string
	for _, r := range results {
		view := slices.Contains([]string{windowView, rowsView, beforeView, beforeTable, producedView, sentView, unsentView}, r.Name)
		if view && r.Error != "" {
			out = append(out, "view "+r.Name+": "+r.Error)
		}
	}
	return out
}

package sparkaudit

import (
	"context"
	"errors"
	"fmt"
	"strings"

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
		return out, fmt.Errorf("auditing %s from %s to %s: %w", o.Table, o.From.UTC().Format(instants), o.To.UTC().Format(instants), err)
	}
	return out, nil
}

const instants = "2006-01-02T15:04:05Z"

// rows puts the results into the order of the checks.
func (o Options) rows(results []spark.Result) ([]Row, error) {
	var out []Row
	var problems []error
	for _, c := range checks() {
		if !c.wants(o) {
			if c.without != "" {
				out = append(out, o.unknown(c, c.without))
			}
			continue
		}
		found, why, err := result(results, c.name)
		problems = append(problems, err)
		if len(found) == 0 {
			found = []Row{o.unknown(c, why)}
		}
		out = append(out, found...)
	}
	return out, errors.Join(problems...)
}

func (o Options) unknown(c check, why string) Row {
	return Row{Check: c.name, Subject: all, From: o.From.UTC(), To: o.To.UTC(), Evidence: why}
}

// result finds the rows of a check, or says why there are none. A view that
// could not be made explains the checks that failed for want of it.
func result(results []spark.Result, check string) (found []Row, why string, err error) {
	why = "the engine ended before it came to this check"
	for _, r := range results {
		if r.Name != check {
			continue
		}
		if r.Error != "" {
			return nil, strings.Join(append(broken(results), r.Error), "; "), nil
		}
		found, err = rows(r)
		return found, "there is nothing that it could look at", err
	}
	return nil, why, nil
}

// broken says which views could not be made.
func broken(results []spark.Result) []string {
	var out []string
	for _, r := range results {
		view := r.Name == windowView || r.Name == rowsView || r.Name == beforeView || r.Name == beforeTable || r.Name == producedView
		if view && r.Error != "" {
			out = append(out, "view "+r.Name+": "+r.Error)
		}
	}
	return out
}

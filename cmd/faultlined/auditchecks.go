package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers/auditing"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/audit/sources"
	"github.com/k2-platform/faultline/projections/checks"
)

// auditChecks compares the window of an audit as a whole. Where the books name
// nothing to compare, or rows of other times may be among those of the window,
// there is no check.
func auditChecks(ctx context.Context, p *sources.Platform, w audit.Window) []checks.Result {
	list := sources.Comparing(p.Books)
	if len(list) == 0 {
		return nil
	}
	w, err := p.Pin(ctx, w)
	if errors.Is(err, sources.ErrNoWindow) {
		return nil
	}
	in := p.Compare(w, nil).Input()
	in.Clock = time.Now
	if err != nil {
		unread(&in, err)
	}
	return checks.Run(ctx, append([]checks.Check{checks.Unique{}}, list...), in)
}

// printAudit writes the report, and below it what the checks found.
func printAudit(w io.Writer, c auditing.Closed) error {
	if err := auditing.Print(w, c.Report); err != nil || len(c.Checks) == 0 {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return tableOfChecks(w, c.Checks)
}

// codeOf is the exit code of the report, or that of a check that found what the
// report did not.
func codeOf(c auditing.Closed) int {
	code := auditing.ExitCode(c.Report)
	for _, found := range c.Checks {
		switch {
		case found.Answer == events.Violated:
			return experiment.ExitRefuted
		case found.Answer == events.Unknown && code == experiment.ExitUpheld:
			code = experiment.ExitInconclusive
		}
	}
	return code
}

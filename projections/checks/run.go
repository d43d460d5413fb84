package checks

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// AtOnce is how many checks Run runs at a time: they wait for the same log,
// table and store.
const AtOnce = 4

// maxEvidence keeps the results of all checks in one record of the log.
const maxEvidence = 8 << 10

// Run runs every check and gives the results of all, in the order of the list.
// One that fails, panics or finds nothing to say is Unknown, with the reason,
// and harms no other; one that is not applicable is left out. When ctx ends, so do they, and what was not found by then
// is Unknown.
func Run(ctx context.Context, list []Check, in Input) []Result {
	found := make([][]Result, len(list))
	var all sync.WaitGroup
	gate, idle := make(chan struct{}, AtOnce), make([]error, len(list))
	for i, c := range list {
		all.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			found[i], idle[i] = one(ctx, c, in)
		})
	}
	all.Wait()
	for i, why := range idle {
		if why != nil && in.Note != nil {
			in.Note(list[i].Name(), why)
		}
	}
	var out []Result
	for _, results := range found {
		out = append(out, results...)
	}
	return out
}

// one runs a check. The error is why it is not applicable.
func one(ctx context.Context, c Check, in Input) ([]Result, error) {
	began := in.Clock()
	results, err := guarded(ctx, c, in)
	took := spec.Duration(in.Clock().Sub(began))
	if errors.Is(err, ErrNotApplicable) {
		return nil, err
	}
	if err == nil && len(results) == 0 {
		err = fmt.Errorf("the check said nothing")
	}
	if err != nil {
		results = append(results, Result{Evidence: err.Error()})
	}
	for i := range results {
		r := &results[i]
		if r.Check == "" {
			r.Check = c.Name()
		}
		if r.From.IsZero() && r.To.IsZero() {
			r.From, r.To = in.From, in.To
		}
		if r.Cost.Duration == 0 {
			r.Cost.Duration = took
		}
		if len(r.Evidence) > maxEvidence {
			r.Evidence = strings.ToValidUTF8(r.Evidence[:maxEvidence], "") + " (cut)"
		}
	}
	return results, nil
}

// guarded runs a check; what it panics with is its error, with the place.
func guarded(ctx context.Context, c Check, in Input) (results []Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			results, err = nil, fmt.Errorf("the check ended in a panic, which is a bug: %v at %s", p, place(string(debug.Stack())))
		}
	}()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("the check did not begin: %w", err)
	}
	return c.Run(ctx, in)
}

// place is the line that panicked: the one after the runtime's own.
func place(stack string) string {
	_, after, _ := strings.Cut(stack, "panic(")
	lines := strings.Split(after, "\n")
	for i := 2; i < len(lines); i++ {
		if line := strings.TrimSpace(lines[i]); strings.Contains(line, ".go:") && !strings.Contains(line, "/runtime/") {
			where, _, _ := strings.Cut(line, " ")
			return where[strings.LastIndexByte(where, '/')+1:]
		}
	}
	return "a place unknown"
}

// answer says whether what is found is as expected.
func answer(ok bool) events.Answer {
	if ok {
		return events.Holds
	}
	return events.Violated
}

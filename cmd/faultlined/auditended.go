package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/lake"
)

// awayError is of a source that gives no answer.
type awayError struct{ error }

func (e *awayError) Unwrap() error { return e.error }

// unanswered gives an audit that was interrupted, or that did not reach log or
// table, the code of one whose answer is not known: the command made sense.
func (f *auditFlags) unanswered(ctx context.Context, err error, from, to time.Time) error {
	_, said := errors.AsType[exitCode](err)
	_, away := errors.AsType[*awayError](err)
	switch {
	case err == nil || said:
		return err
	case ctx.Err() != nil && !f.follow:
		fmt.Fprintf(f.notes, "faultlined: interrupted, and nothing is known of these records. The same with --from %s --to %s goes on where it was.\n", //nolint:errcheck // a note
			from.UTC().Format(time.RFC3339Nano), to.UTC().Format(time.RFC3339Nano))
	case away || errors.Is(err, lake.ErrUnreachable):
		fmt.Fprintf(f.notes, "faultlined: %v\nNothing is known of these records: ask again when it answers.\n", err) //nolint:errcheck // a note
	default:
		return err
	}
	return exitCode(experiment.ExitInconclusive)
}

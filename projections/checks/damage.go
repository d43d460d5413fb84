package checks

import (
	"context"
	"errors"

	"github.com/k2-platform/faultline/internal/lake"
)

// timeForm is how evidence writes a time, in UTC.
const timeForm = "2006-01-02T15:04:05.000000Z"

// only gives back an error that says nothing about the files: one of a store
// that is away, or of a context that ended. Any other is damage, and found.
func only(err error) error {
	if errors.Is(err, lake.ErrUnreachable) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// Package poison marks the error of a record that no retry will help: it goes
// to the dead-letter topic at once. It does not decide which records those are.
package poison

import "errors"

// Error is a permanent refusal of one record.
type Error struct{ Cause error }

func (e *Error) Error() string { return e.Cause.Error() }

func (e *Error) Unwrap() error { return e.Cause }

// New marks a cause as permanent. New(nil) is nil.
func New(cause error) error {
	if cause == nil {
		return nil
	}
	return &Error{Cause: cause}
}

// Is says whether an error, or one that it wraps, is permanent.
func Is(err error) bool {
	var e *Error
	return errors.As(err, &e)
}

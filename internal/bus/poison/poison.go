// Package poison marks the error of a record that no retry will help: it goes
// to the dead-letter topic at once; and that of one that is not to blame, which
// never goes there. It does not decide which records those are.
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

// Spared is a failure that its record is not to blame for.
type Spared struct{ Cause error }

func (e *Spared) Error() string { return e.Cause.Error() }

func (e *Spared) Unwrap() error { return e.Cause }

// Spare marks a cause that says nothing about the record, such as a log that
// cannot be written: the record is tried for as long as it takes, since those
// after it must not come first. Spare(nil) is nil.
func Spare(cause error) error {
	if cause == nil {
		return nil
	}
	return &Spared{Cause: cause}
}

// IsSpared says whether an error, or one that it wraps, was spared, and is not
// permanent all the same.
func IsSpared(err error) bool {
	var e *Spared
	return errors.As(err, &e) && !Is(err)
}

package faults

import (
	"context"
	"time"
)

// Leaver is a driver whose rollback cannot take all of a fault away: something
// stays that breaks nothing and that people are to know of, such as an id that
// is used up:
//
//	if l, ok := d.(faults.Leaver); ok { … }
type Leaver interface {
	// Stays says what a fault that was rolled back has left on its target, each
	// in words of its own. It changes nothing.
	Stays(ctx context.Context, r Receipt) ([]string, error)
}

// staysWithin bounds the question: a report waits for its answer.
const staysWithin = 2 * time.Second

// Stays asks a driver that is a Leaver. What cannot be found out is said in
// the place of the answer.
func Stays(ctx context.Context, d Driver, r Receipt) []string {
	l, ok := d.(Leaver)
	if !ok {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, staysWithin)
	defer stop()
	left, err := l.Stays(ctx, r)
	if err != nil {
		left = append(left, "what stays of it could not be found out: "+err.Error())
	}
	return left
}

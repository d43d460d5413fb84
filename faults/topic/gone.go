package topic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/pause"
)

const (
	// lagsFor is how far a broker is behind its controller at most, as far as
	// anybody knows: milliseconds as a rule, more where it is busy, and it has no way
	// to say so.
	lagsFor = time.Second
	// againAfter is how long all brokers have to agree that the fault is gone.
	againAfter = 2 * time.Second
	// knewWithin bounds the look before an undoing: it saves the wait for those
	// that lag, and holds up nothing.
	knewWithin = 300 * time.Millisecond
)

func (d Driver) lag() time.Duration { return cmp.Or(d.Lag, lagsFor) }

// knew are the brokers that showed a fault: one that shows it no more has
// heard of its end. One that never did may have yet to hear of its beginning.
type knew map[int32]bool

func (k knew) learn(v views) {
	for id, seen := range v {
		if seen == faults.Present {
			k[id] = true
		}
	}
}

func (k knew) all(v views) bool {
	for id, seen := range v {
		if seen != faults.Absent || !k[id] {
			return false
		}
	}
	return true
}

// vanishes waits until no broker has the fault, and none can be about to hear
// of it. It is errAgain where the undoing has to be done once more: what it
// put back was as one of the brokers had it, who may have lagged.
func (d Driver) vanishes(ctx context.Context, r faults.Receipt, k knew) error {
	began, absent := time.Now(), false
	for wait := 2 * time.Millisecond; ; wait = min(2*wait, 250*time.Millisecond) {
		took := time.Since(began)
		all, err := d.ask(ctx, r)
		k.learn(all)
		seen := all.seen()
		switch {
		case seen == faults.Absent && (k.all(all) || took >= d.lag()):
			return nil
		case seen == faults.Present && absent || took >= againAfter:
			return errAgain
		}
		absent = absent || seen == faults.Absent
		if !pause.For(ctx, wait) {
			return fmt.Errorf("waiting for %s on %s to be gone, last seen %s: %w", r.Kind, r.Target, seen, errors.Join(ctx.Err(), err))
		}
	}
}

var errAgain = errors.New("the fault is still there")

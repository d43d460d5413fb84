package wallclock

import "time"

// Life is a clock that does not step: the wall clock of the moment it began,
// and from there on the time that passed. What is compared with each other
// bears the time of one Life, since a wall clock may be set at any time. The
// zero value is of no use; make one with Begin.
type Life struct{ wall, began time.Time }

// Begin is a Life that begins now, by a wall clock that says so; or at
// notBefore, where the wall clock was set back behind it.
func Begin(wall, notBefore time.Time) Life {
	if wall.Before(notBefore) {
		wall = notBefore
	}
	return Life{wall: wall.UTC().Round(0), began: time.Now()}
}

// Now is the time of this life in UTC, without a monotonic part.
func (l Life) Now() time.Time { return l.Of(time.Now()) }

// Of is when in this life something was that time.Now gave the time of.
func (l Life) Of(t time.Time) time.Time { return l.wall.Add(t.Sub(l.began)) }

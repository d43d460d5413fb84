package judging

import (
	"fmt"
	"time"
)

// noticeable is by how much two clocks may differ and count as the same.
const noticeable = time.Second

// moment is when something happened on an agent's host. The agent's clock says
// it, unless the ticks show that it cannot have been then: so an agent whose
// clock is wrong, or is set meanwhile, makes no time negative.
type moment struct {
	at       time.Time     // as judged
	from, to time.Time     // it was not before and not after
	off      time.Duration // the agent's clock is wrong by that at least; 0: not noticeably
}

// between takes what a clock says, or else the nearer of two bounds.
func between(said, from, to time.Time) moment {
	m := moment{at: said, from: from, to: to}
	switch {
	case said.After(to):
		m.at = to
	case said.Before(from):
		m.at = from
	}
	if off := said.Sub(m.at); off.Abs() >= noticeable {
		m.off = off
	}
	return m
}

// after is when it certainly had happened: what is read before that may be of
// the time before it.
func (m moment) after() time.Time {
	if m.off != 0 {
		return m.to
	}
	return m.at
}

// since is when it can have happened at the earliest.
func (m moment) since() time.Time {
	if m.off != 0 {
		return m.from
	}
	return m.at
}

// first is the earlier of two that each happened; the zero value never did.
func (m moment) first(o moment) moment {
	if m.at.IsZero() {
		return o
	}
	return moment{earlier(m.at, o.at), earlier(m.from, o.from), earlier(m.to, o.to), farther(m.off, o.off)}
}

// last is the later of two.
func (m moment) last(o moment) moment {
	return moment{later(m.at, o.at), later(m.from, o.from), later(m.to, o.to), farther(m.off, o.off)}
}

func farther(a, b time.Duration) time.Duration {
	if a.Abs() < b.Abs() {
		return b
	}
	return a
}

// wrong says by how much an agent's clock is off, or is empty.
func wrong(off time.Duration) string {
	if off == 0 {
		return ""
	}
	about := off.Abs().Round(time.Second)
	if about > 10*time.Minute {
		about = about.Round(time.Minute) // a bound is some seconds from the truth
	}
	return fmt.Sprintf("the agent's clock is off by about %s", about)
}

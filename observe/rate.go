package observe

import "time"

// counter turns the values of a growing counter into a rate over a sliding
// window. The zero value has seen nothing.
type counter struct{ seen []point }

type point struct {
	at    time.Time
	value float64
}

// add notes a value. A value not later than the last one is ignored: it
// cannot widen the window.
func (c *counter) add(at time.Time, value float64, window time.Duration) {
	if n := len(c.seen); n > 0 && !at.After(c.seen[n-1].at) {
		return
	}
	c.seen = append(c.seen, point{at, value})
	// Keep the newest point that is a window old, and all after it.
	for len(c.seen) > 2 && at.Sub(c.seen[1].at) >= window {
		c.seen = c.seen[1:]
	}
}

// rate is the growth a second over the newest stretch of at least window.
// After a gap the stretch is longer than the window, and the rate is the mean
// over it: nothing is invented for the time in which nobody looked.
func (c *counter) rate(window time.Duration) (float64, bool) {
	if len(c.seen) < 2 {
		return 0, false
	}
	first, last := c.seen[0], c.seen[len(c.seen)-1]
	span := last.at.Sub(first.at)
	if span < window {
		return 0, false
	}
	grown := 0.0
	for i := 1; i < len(c.seen); i++ {
		d := c.seen[i].value - c.seen[i-1].value
		if d < 0 { // the counter began again at 0
			d = c.seen[i].value
		}
		grown += d
	}
	return grown / span.Seconds(), true
}

package shape

import (
	"fmt"
	"time"
)

// step is how much time the bytes of one write may take at the rate: small
// enough for a reader to see a flow and not a fall.
const step = 50 * time.Millisecond

// pour writes a chunk at its rate. A piece is written when the time that its
// bytes take has passed, so n bytes after a pause are there after n/rate.
func (l *Line) pour(c chunk) error {
	for rest := c.bytes; len(rest) > 0; {
		rate, lifted := slowest(c.shape)
		piece := rest
		if rate > 0 {
			piece = rest[:min(int64(len(rest)), max(1, int64(float64(rate)*step.Seconds())))]
			l.free = later(l.free, time.Now()).Add(time.Duration(float64(len(piece)) / float64(rate) * float64(time.Second)))
			passed, ok := l.sleep(l.free, lifted)
			if !ok {
				return errClosed
			}
			if !passed {
				l.free = time.Time{}
				continue
			}
		}
		if _, err := l.w.Write(piece); err != nil {
			return fmt.Errorf("writing %d bytes that were held: %w", len(piece), err)
		}
		rest = rest[len(piece):]
	}
	return nil
}

// slowest is the lowest rate of those in force; 0: there is none.
func slowest(s *Shape) (rate int64, lifted <-chan struct{}) {
	for ; s != nil; s = s.And {
		if s.PerSecond > 0 && !over(s.Lifted) && (rate == 0 || s.PerSecond < rate) {
			rate, lifted = s.PerSecond, s.Lifted
		}
	}
	return rate, lifted
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

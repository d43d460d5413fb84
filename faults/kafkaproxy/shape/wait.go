package shape

import "time"

// wait holds a chunk until stalls and delays are over; false: the line was
// closed.
func (l *Line) wait(c chunk) bool {
	until := c.at
	for s := c.shape; s != nil; s = s.And {
		if s.Stalled != nil {
			select {
			case <-s.Stalled:
			case <-l.done:
				return false
			}
		}
		if s.Delay <= 0 || over(s.Lifted) {
			continue
		}
		passed, ok := l.sleep(until.Add(s.Delay), s.Lifted)
		if !ok {
			return false
		}
		if passed {
			until = until.Add(s.Delay)
		}
	}
	return !over(l.done)
}

// sleep waits until a moment; passed is false where lifted came first, ok is
// false where the line was closed.
func (l *Line) sleep(until time.Time, lifted <-chan struct{}) (passed, ok bool) {
	left := time.Until(until)
	if left <= 0 {
		return true, true
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true, true
	case <-lifted:
		return false, true
	case <-l.done:
		return false, false
	}
}

func over(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

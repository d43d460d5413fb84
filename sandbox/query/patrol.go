package query

import (
	"context"
	"time"
)

const (
	verifyEvery = 2 * time.Second
	verifyFiles = 8 // data files that are read each time
	// verifyWithin bounds one time: a store that went away meanwhile is waited for
	// no longer.
	verifyWithin = 10 * time.Second
)

// patrol looks for damage that no new snapshot would show: in what was read
// long ago and is answered from memory since. It rests ten times as long as it
// took. Damage is looked at again first, so that it is known when it is mended.
func (s *storage) patrol(ctx context.Context) {
	from := 0
	for {
		began, rest := time.Now(), verifyEvery
		if !s.open() { // a long read would keep the breaker's trials waiting
			files, err := s.verify(ctx, from, verifyFiles)
			if err == nil {
				rest = max(rest, 10*time.Since(began))
			}
			if err == nil && files > 0 {
				from = (from + verifyFiles) % files
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(rest):
		}
	}
}

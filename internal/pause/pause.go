// Package pause waits for a moment, or for less.
package pause

import (
	"context"
	"time"
)

// For returns after d, or as soon as ctx ends; then it is false.
func For(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

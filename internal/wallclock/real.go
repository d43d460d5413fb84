//go:build !failpoint

// Package wallclock tells the time that records bear. It is the machine's,
// except in a build with the tag failpoint, in which the crash matrix steps it.
package wallclock

import "time"

// Now is the wall clock in UTC. It has no monotonic part: measure durations
// by time.Now.
func Now() time.Time { return time.Now().UTC().Round(0) }

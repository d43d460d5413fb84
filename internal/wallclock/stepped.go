//go:build failpoint

// Package wallclock tells the time that records bear. It is the machine's,
// except in a build with the tag failpoint, in which the crash matrix steps it.
package wallclock

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// DirVariable names the folder whose file "clock" holds by how much the clock
// is wrong, as a Go duration.
const DirVariable = "FAULTLINE_FAILPOINTS"

// Now is the machine's wall clock in UTC plus the step, without a monotonic part.
func Now() time.Time {
	now := time.Now().UTC().Round(0)
	text, err := os.ReadFile(filepath.Join(os.Getenv(DirVariable), "clock")) //nolint:gosec // the crash matrix names the folder
	if err != nil {
		return now
	}
	step, err := time.ParseDuration(strings.TrimSpace(string(text)))
	if err != nil {
		return now
	}
	return now.Add(step)
}

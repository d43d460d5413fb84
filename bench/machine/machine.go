// Package machine tells what figures were measured on.
package machine

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// String says what the figures were measured on, and how busy it was.
func String() string {
	read := func(file string) string {
		text, _ := os.ReadFile(file) //nolint:gosec // of /proc, named below
		return strings.TrimSpace(string(text))
	}
	memory, _, _ := strings.Cut(strings.TrimPrefix(read("/proc/meminfo"), "MemTotal:"), "kB")
	var kib int64
	_, _ = fmt.Sscan(memory, &kib)
	load, _, _ := strings.Cut(read("/proc/loadavg"), " ")
	return fmt.Sprintf("%s, %d cores, %d GiB, Linux %s, %s, load %s at the end",
		time.Now().Format(time.DateOnly), runtime.NumCPU(), (kib+1<<19)>>20, read("/proc/sys/kernel/osrelease"), runtime.Version(), load)
}

package reaper

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	// eagerGC is in percent, and heapLimit in bytes: well above what the process
	// has at rest. Near the limit it would collect all the while, and each
	// collection brings pages of the program's file back.
	eagerGC   = 100
	heapLimit = 16 << 20
	lazyGC    = 400
)

// Lighten makes a process small that has nothing to do: its heap stays small,
// and it gives back what it took before it became a reaper.
func Lighten() error {
	debug.SetGCPercent(eagerGC)
	debug.SetMemoryLimit(heapLimit)
	return GiveBack()
}

// GiveBack gives back the memory that the program took at its start: garbage,
// and pages of its own file that are mapped for reading. The kernel brings back
// those that are needed, from the page cache.
func GiveBack() error {
	debug.FreeOSMemory()
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("giving back memory: %w", err)
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return fmt.Errorf("giving back memory: %w", err)
	}
	var problems []error
	for line := range strings.Lines(string(maps)) {
		fields := strings.Fields(line)
		// Only what cannot be written: of other pages the file holds no copy.
		if len(fields) < 6 || fields[5] != exe || strings.Contains(fields[1], "w") {
			continue
		}
		problems = append(problems, giveBack(fields[0]))
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("giving back memory: %w", err)
	}
	return nil
}

// Hurry ends what Lighten began: who undoes is not to collect garbage all the
// while, and ends soon.
func Hurry() {
	debug.SetGCPercent(lazyGC)
	debug.SetMemoryLimit(math.MaxInt64)
}

// giveBack takes a range as /proc/pid/maps writes it.
func giveBack(span string) error {
	from, to, _ := strings.Cut(span, "-")
	begin, err := strconv.ParseUint(from, 16, 64)
	if err != nil {
		return err
	}
	end, err := strconv.ParseUint(to, 16, 64)
	if err != nil {
		return err
	}
	if begin >= end || end > math.MaxInt64 {
		return fmt.Errorf("a range of %s", span)
	}
	_, _, code := unix.Syscall(unix.SYS_MADVISE, uintptr(begin), uintptr(end-begin), unix.MADV_DONTNEED)
	if code != 0 {
		return code
	}
	return nil
}

// Spare asks the kernel to kill others first when memory runs out. It needs a
// right that only root has.
func Spare() error {
	if err := os.WriteFile("/proc/self/oom_score_adj", []byte("-900"), 0o600); err != nil {
		return fmt.Errorf("asking to be spared when memory runs out: %w", err)
	}
	return nil
}

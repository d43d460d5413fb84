package ledger

import (
	"math"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/process"
)

// Boottime is CLOCK_BOOTTIME: it goes on while the machine sleeps, and nobody
// can set it. It compares with Receipt.Expires on the boot that BootID names.
// Should the kernel not tell it, it is later than any deadline.
func Boottime() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return math.MaxInt64
	}
	return time.Duration(now.Nano())
}

// BootID names the running boot of the machine.
func BootID() (string, error) { return process.BootID() }

// Expired says whether the receipt's deadline is over at a boot time of a boot.
// A receipt of another boot, or without a deadline, has expired.
func Expired(r faults.Receipt, now time.Duration, boot string) bool {
	return r.BootID != boot || now >= r.Expires
}

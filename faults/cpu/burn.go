package cpu

import (
	"fmt"
	"io"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults/internal/inside"
)

// Command is what a program is called with to burn.
const Command = "burn-cpu"

const (
	// burner is the name of a thread that has burnt its first. At most 15 letters.
	burner = "fault-burn"
	first  = time.Millisecond
	// turn is within what time a thread that burns a part burns that part.
	turn = 10 * time.Millisecond
	// look is how late the end of its life may be seen.
	look = 50 * time.Millisecond
)

// order is what burners are told.
type order struct {
	Life inside.Life `json:"life"`
	Burn burn        `json:"burn"`
}

// Burn is the whole of a process of burners: it waits for its order on in, and
// then burns until its life is over. It never returns nil; the process ends then.
func Burn(in io.Reader) error {
	var o order
	if err := inside.Await(in, &o); err != nil {
		return err
	}
	if o.Burn.Threads < 1 || o.Burn.Duty <= 0 || o.Burn.Duty > 1 {
		return fmt.Errorf("burning: %+v is no order", o.Burn)
	}
	var may unix.CPUSet
	if err := unix.SchedGetaffinity(o.Life.Target.PID, &may); err != nil {
		return fmt.Errorf("asking on which processors the target may run: %w", err)
	}
	runtime.GOMAXPROCS(o.Burn.Threads + 1) // one that looks for the end
	problems := make(chan error, o.Burn.Threads)
	for range o.Burn.Threads {
		go func() { problems <- thread(may, o.Burn.Duty) }()
	}
	return o.Life.Last(look, func() error {
		select {
		case err := <-problems:
			return err
		default:
			return nil
		}
	})
}

// thread burns on a thread of its own, where the target may run.
func thread(may unix.CPUSet, duty float64) error {
	runtime.LockOSThread()
	if err := unix.SchedSetaffinity(0, &may); err != nil {
		return fmt.Errorf("going where the target may run: %w", err)
	}
	spend(first)
	name := append([]byte(burner), 0)
	if err := unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0); err != nil { //nolint:gosec // as prctl wants it
		return fmt.Errorf("naming a thread: %w", err)
	}
	for {
		began := time.Now()
		spend(time.Duration(duty * float64(turn)))
		if rest := turn - time.Since(began); duty < 1 && rest > 0 {
			time.Sleep(rest)
		}
	}
}

// used is how long this thread ran.
func used() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// spend runs until the thread has run so much longer.
func spend(more time.Duration) {
	for x, until := uint64(1), used()+more; used() < until && x != 0; {
		for range 20_000 { // tens of microseconds
			x = x*6364136223846793005 | 1
		}
	}
}

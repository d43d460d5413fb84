package inside

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
)

const (
	// kept is sent to a doer whose agent still holds the fault.
	kept = syscall.SIGUSR1
	// Lease is how long a doer outlives the last word of its agent, whatever
	// became of the agent and its reaper.
	Lease = 10 * time.Second
	// KeepEvery is how often the agent gives word: so often that a doer that was
	// killed by somebody else is missed soon.
	KeepEvery = time.Second

	targetEvery = 250 * time.Millisecond // between two looks for the target
)

// Life is how long a doer may live; it is part of its order.
type Life struct {
	// Target is whose end ends it, too; none where that goes on.
	Target  process.Record `json:"target"`
	Expires time.Duration  `json:"expires_ns"` // on CLOCK_BOOTTIME
	Lease   time.Duration  `json:"lease_ns"`
}

// LifeOf is that of a receipt's doer: to the receipt's deadline, as long as the
// target's process lives and its agent keeps the fault.
func LifeOf(r faults.Receipt) (Life, error) {
	target, err := Target(r)
	return Life{target, r.Expires, Lease}, err
}

// The reasons for which a doer ends by itself.
var (
	errReleased = errors.New("it was never told what to do: who started it is gone")
	errDeadline = errors.New("its time is over")
	errSilent   = errors.New("its agent has not kept it")
	errTarget   = errors.New("the target's process is gone")
)

// Await waits for the order of the calling process, which is a doer. Where
// none comes it is an error, and the process must end without having done anything.
func Await(in io.Reader, order any) error {
	if err := json.NewDecoder(in).Decode(order); err != nil {
		return errors.Join(errReleased, err)
	}
	return nil
}

// Last calls again every so often until the life is over, or again errs, and
// says why it was. The first call is at once. It rests in the kernel, on the
// thread of its caller: a timer of Go's would first wake another one, which may not
// have this one's priority.
func (l Life) Last(every time.Duration, again func() error) error {
	word := make(chan os.Signal, 1)
	signal.Notify(word, kept)
	defer signal.Stop(word)
	heard, looked := ledger.Boottime(), time.Duration(0)
	for {
		now := ledger.Boottime()
		if l.Target.PID > 0 && now-looked >= targetEvery {
			looked = now
			if s, err := l.Target.Look(); err == nil && s == process.Gone {
				return fmt.Errorf("%w: %s, pid %d", errTarget, l.Target.Name, l.Target.PID)
			}
		}
		switch {
		case now >= l.Expires:
			return errDeadline
		case now-heard > l.Lease:
			return fmt.Errorf("%w for %s", errSilent, l.Lease)
		}
		if err := again(); err != nil {
			return err
		}
		rest := unix.NsecToTimespec(int64(every))
		_ = unix.Nanosleep(&rest, nil) // a signal ends it early, and is no harm
		select {
		case <-word:
			heard = ledger.Boottime()
		default:
		}
	}
}

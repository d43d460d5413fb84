package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/pause"
)

// Two locks, always taken in this order: that of a live receipt, held while
// its fault is undone or its file replaced; and that of the whole ledger, held
// only while names in its folders change. Both lock what is there already, so
// they need no room on the disk, and the kernel unlocks them for the dead.

var (
	errBusy = errors.New("another process holds its lock; if that one is frozen, kill it")
	errGone = errors.New("the receipt was moved meanwhile")
)

const longestRest = 20 * time.Millisecond

// receipt is a live receipt under its lock.
type receipt struct {
	entry entry
	file  *os.File
}

// unlock does nothing for the nil receipt.
func (r *receipt) unlock() error {
	if r == nil {
		return nil
	}
	return r.file.Close()
}

// hold locks the live receipt of a name; nil if there is none.
func (l *Ledger) hold(ctx context.Context, name string) (*receipt, error) {
	for {
		entries, err := l.entries()
		if err != nil {
			return nil, err
		}
		e, ok := named(entries, name)
		if !ok {
			return nil, nil //nolint:nilnil // no receipt is an answer
		}
		r, err := l.lockReceipt(ctx, e)
		if !errors.Is(err, errGone) {
			return r, err
		}
	}
}

// lockReceipt is errGone where the path names another file, or none, once the
// lock is had: who held it before has buried or replaced the receipt.
func (l *Ledger) lockReceipt(ctx context.Context, e entry) (*receipt, error) {
	path := l.in(liveDir, e.file())
	f, err := os.Open(path) //nolint:gosec // below the ledger's folder
	if errors.Is(err, os.ErrNotExist) {
		return nil, errGone
	}
	if err != nil {
		return nil, fmt.Errorf("locking receipt: %w", err)
	}
	if err := flock(ctx, f); err != nil {
		return nil, fmt.Errorf("locking receipt %s: %w", path, errors.Join(err, f.Close()))
	}
	mine, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("locking receipt %s: %w", path, errors.Join(err, f.Close()))
	}
	now, err := os.Lstat(path)
	if err != nil || !os.SameFile(mine, now) {
		return nil, errors.Join(errGone, f.Close())
	}
	return &receipt{entry: e, file: f}, nil
}

// settled runs do under both locks, with the live receipt of a name or nil.
func (l *Ledger) settled(ctx context.Context, name string, do func(*receipt) error) error {
	for {
		held, err := l.hold(ctx, name)
		if err != nil {
			return err
		}
		again := false
		err = l.locked(ctx, func() error {
			entries, err := l.entries()
			if err != nil {
				return errors.Join(ErrUnwritable, err)
			}
			if _, there := named(entries, name); there != (held != nil) {
				again = true // it came, or was quarantined, between the locks
				return nil
			}
			return do(held)
		})
		err = errors.Join(err, held.unlock())
		if err != nil || !again {
			return err
		}
	}
}

// locked runs do while nobody else changes names. With a context that has
// ended it does not wait: errBusy. Goroutines of this process queue: of many
// that ask for the file's lock again and again most would only rest.
func (l *Ledger) locked(ctx context.Context, do func() error) error {
	if err := l.queue(ctx); err != nil {
		return fmt.Errorf("locking ledger %s: %w", l.dir, errors.Join(ErrUnwritable, err))
	}
	defer func() { <-l.turn }()
	d, err := os.Open(l.dir)
	if err != nil {
		return fmt.Errorf("locking ledger: %w", errors.Join(ErrUnwritable, err))
	}
	if err := flock(ctx, d); err != nil {
		return fmt.Errorf("locking ledger %s: %w", l.dir, errors.Join(ErrUnwritable, err, d.Close()))
	}
	return errors.Join(do(), d.Close())
}

// queue waits for this process's turn, which is given back by who has it.
func (l *Ledger) queue(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
		return nil
	default:
	}
	select {
	case l.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errors.Join(errBusy, ctx.Err())
	}
}

func flock(ctx context.Context, f *os.File) error {
	for wait := time.Millisecond; ; wait = min(2*wait, longestRest) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, unix.EINTR):
		case !errors.Is(err, unix.EWOULDBLOCK):
			return err
		case !pause.For(ctx, wait):
			return errors.Join(errBusy, ctx.Err())
		}
	}
}

func readOnly(err error) bool { return errors.Is(err, unix.EROFS) }

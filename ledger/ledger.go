// Package ledger keeps the receipts of live faults on the agent's own disk,
// and a tombstone of each that was undone. It undoes nothing itself.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/process"
)

// ErrUnwritable says that a receipt is not safe on disk, so that its fault
// may not be injected. It wraps the cause: full, read-only, gone.
var ErrUnwritable = errors.New("the ledger cannot be written; free or repair its disk, then try again")

// ErrBuried says that a receipt was undone, or forestalled, and may not come
// back to life.
var ErrBuried = errors.New("the receipt is buried: its fault was undone")

// The folders below the ledger's own.
const (
	liveDir       = "live"       // <sequence>-<id>
	buriedDir     = "buried"     // <id>
	quarantineDir = "quarantine" // as found in live
)

// Ledger is a folder of receipts. All of its methods may be called at the
// same time, also by several processes: it keeps nothing in memory.
type Ledger struct{ dir string }

// Open makes the ledger's folders if need be, and clears away what a crash in
// the middle of a Put left half-written.
func Open(dir string) (*Ledger, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening ledger: %w", err)
	}
	l := &Ledger{dir: abs}
	for _, sub := range []string{liveDir, buriedDir, quarantineDir} {
		if err := os.MkdirAll(l.in(sub), 0o700); err != nil {
			return nil, fmt.Errorf("opening ledger: %w", errors.Join(ErrUnwritable, err))
		}
	}
	if err := process.SyncDir(abs); err != nil {
		return nil, fmt.Errorf("opening ledger: %w", errors.Join(ErrUnwritable, err))
	}
	return l, l.locked(context.Background(), l.sweep)
}

// Put writes a receipt and returns once it would survive a power loss. A
// receipt that is live already is replaced and keeps its place; a buried one
// is ErrBuried. On any other error nothing may be injected.
func (l *Ledger) Put(ctx context.Context, r faults.Receipt) error {
	name, err := fileName(r.ID)
	if err != nil {
		return err
	}
	return l.locked(ctx, func() error {
		if l.Buried(r.ID) {
			return fmt.Errorf("writing receipt %s: %w", r.ID, ErrBuried)
		}
		entries, err := l.entries()
		if err != nil {
			return fmt.Errorf("writing receipt %s: %w", r.ID, errors.Join(ErrUnwritable, err))
		}
		seq := uint64(1)
		for _, e := range entries {
			if e.id == name {
				seq = e.seq
				break
			}
			seq = max(seq, e.seq+1)
		}
		raw, err := encode(r)
		if err == nil {
			err = process.WriteFile(l.in(liveDir, entry{seq: seq, id: name}.file()), raw, 0o600)
		}
		if err != nil {
			return fmt.Errorf("writing receipt %s: %w", r.ID, errors.Join(ErrUnwritable, err))
		}
		return nil
	})
}

// Live gives the receipts that are not undone, last in first. A file that
// cannot be trusted is moved to quarantine and reported by the error, once;
// the others are returned beside it. Its fault may still be there: tell
// somebody.
func (l *Ledger) Live(ctx context.Context) ([]faults.Receipt, error) {
	entries, err := l.entries()
	if err != nil {
		return nil, fmt.Errorf("reading ledger: %w", err)
	}
	var live []faults.Receipt
	var problems []error
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return live, errors.Join(append(problems, fmt.Errorf("reading ledger: %w", err))...)
		}
		r, err := l.read(e)
		switch {
		case err == nil:
			live = append(live, r)
		case errors.Is(err, os.ErrNotExist): // buried meanwhile
		case errors.Is(err, errCorrupt):
			problems = append(problems, l.quarantine(e, err))
		default:
			problems = append(problems, err)
		}
	}
	return live, errors.Join(problems...)
}

// Bury turns a receipt into a tombstone, which stays for good. An id that has
// no receipt gets its tombstone all the same: it is refused should it come.
func (l *Ledger) Bury(ctx context.Context, id string) error {
	name, err := fileName(id)
	if err != nil {
		return err
	}
	return l.locked(ctx, func() error {
		entries, err := l.entries()
		if err != nil {
			return fmt.Errorf("burying receipt %s: %w", id, err)
		}
		for _, e := range entries {
			if e.id != name {
				continue
			}
			// A rename needs no room on the disk.
			if err := os.Rename(l.in(liveDir, e.file()), l.in(buriedDir, name)); err != nil {
				return fmt.Errorf("burying receipt %s: %w", id, err)
			}
			return errors.Join(process.SyncDir(l.in(buriedDir)), process.SyncDir(l.in(liveDir)))
		}
		if l.Buried(id) {
			return nil
		}
		if err := process.WriteFile(l.in(buriedDir, name), nil, 0o600); err != nil {
			return fmt.Errorf("burying receipt %s: %w", id, errors.Join(ErrUnwritable, err))
		}
		return nil
	})
}

// Buried says whether a tombstone bars the receipt. When that cannot be found
// out the answer is yes: a fault too few does no harm.
func (l *Ledger) Buried(id string) bool {
	name, err := fileName(id)
	if err != nil {
		return true
	}
	_, err = os.Lstat(l.in(buriedDir, name))
	return !errors.Is(err, os.ErrNotExist)
}

// Names says whether a live receipt names the target. When that cannot be
// found out, also for a receipt that cannot be read, the answer is yes: who
// asks wants to leave alone what is under a fault. It changes nothing on disk.
func (l *Ledger) Names(target string) bool {
	entries, err := l.entries()
	if err != nil {
		return true
	}
	for _, e := range entries {
		r, err := l.read(e)
		if errors.Is(err, os.ErrNotExist) {
			continue // buried meanwhile
		}
		if err != nil || r.Target == target {
			return true
		}
	}
	return false
}

func (l *Ledger) in(parts ...string) string {
	return filepath.Join(append([]string{l.dir}, parts...)...)
}

func (l *Ledger) quarantine(e entry, why error) error {
	to := l.in(quarantineDir, e.file())
	err := os.Rename(l.in(liveDir, e.file()), to)
	if errors.Is(err, os.ErrNotExist) {
		return nil // buried, or quarantined by another, meanwhile
	}
	if err == nil {
		err = errors.Join(process.SyncDir(l.in(quarantineDir)), process.SyncDir(l.in(liveDir)))
	}
	return fmt.Errorf("%w; it was moved to %s, look after its fault by hand", errors.Join(why, err), to)
}

// sweep removes what WriteFile had not finished.
func (l *Ledger) sweep() error {
	var problems []error
	for _, sub := range []string{liveDir, buriedDir} {
		files, err := os.ReadDir(l.in(sub))
		problems = append(problems, err)
		for _, f := range files {
			if strings.HasPrefix(f.Name(), process.TempPrefix) {
				problems = append(problems, os.Remove(l.in(sub, f.Name())))
			}
		}
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("opening ledger: %w", errors.Join(ErrUnwritable, err))
	}
	return nil
}

// locked runs do while no other writer does. The folder itself is locked,
// which needs no room on the disk, and the kernel unlocks it for the dead.
func (l *Ledger) locked(ctx context.Context, do func() error) error {
	d, err := os.Open(l.dir)
	if err != nil {
		return fmt.Errorf("locking ledger: %w", errors.Join(ErrUnwritable, err))
	}
	for err = unix.EWOULDBLOCK; errors.Is(err, unix.EWOULDBLOCK); {
		err = unix.Flock(int(d.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if errors.Is(err, unix.EWOULDBLOCK) && !rest(ctx) {
			return fmt.Errorf("locking ledger: %w", errors.Join(ErrUnwritable, ctx.Err(), d.Close()))
		}
	}
	if err != nil {
		return fmt.Errorf("locking ledger: %w", errors.Join(ErrUnwritable, err, d.Close()))
	}
	return errors.Join(do(), d.Close())
}

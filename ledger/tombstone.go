package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/internal/wallclock"
)

// ErrLive says that a receipt is live: undo it.
var ErrLive = errors.New("the receipt is live")

// Tombstone is what is left of an undone receipt: who undid it, when and why.
// Of one that was forestalled the receipt is its id alone; what could not be
// stored, on a full disk, is empty.
type Tombstone struct {
	Receipt faults.Receipt
	Cause   string
	By      string
	At      time.Time // wall clock, for people
}

// Bury turns a receipt into a tombstone without undoing anything, after any
// undoing that is under way. An id that has no receipt gets its tombstone all
// the same: it is refused should it come.
func (l *Ledger) Bury(ctx context.Context, id string) error {
	return l.entomb(ctx, id, note{At: wallclock.Now()}, l.bury)
}

// Forestall is Bury for an id that has no receipt. Where there is one it
// changes nothing and is ErrLive, at once, whoever holds the ledger: its fault
// is to be undone.
func (l *Ledger) Forestall(ctx context.Context, id, cause, by string) error {
	if name, err := fileName(id); err == nil {
		if entries, err := l.entries(); err == nil {
			if _, live := named(entries, name); live {
				return fmt.Errorf("burying receipt %s: %w", id, ErrLive)
			}
		}
	}
	return l.entomb(ctx, id, note{Cause: cause, By: by, At: wallclock.Now()}, func(*receipt, note) error { return ErrLive })
}

func (l *Ledger) entomb(ctx context.Context, id string, n note, live func(*receipt, note) error) error {
	name, err := fileName(id)
	if err != nil {
		return err
	}
	err = l.settled(ctx, name, func(held *receipt) error {
		if held != nil {
			return live(held, n)
		}
		if l.Buried(id) {
			return nil
		}
		return l.forestall(id, name, n)
	})
	if err != nil {
		return fmt.Errorf("burying receipt %s: %w", id, err)
	}
	return nil
}

// forestall is called under the ledger's lock.
func (l *Ledger) forestall(id, name string, n note) error {
	raw, err := encode(faults.Receipt{ID: id})
	if err != nil {
		return err
	}
	copy(raw[noteAt():], n.encode())
	path := l.in(buriedDir, name)
	err = process.WriteFile(path, raw, 0o600)
	if err == nil {
		return nil
	}
	// An empty file still has room where a full one has not.
	if empty := touch(path); empty != nil {
		return errors.Join(ErrUnwritable, err, empty)
	}
	return process.SyncDir(l.in(buriedDir))
}

func touch(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // below the ledger's folder
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// bury is called under both locks. First the note, in the room that the
// receipt brought: who reads a tombstone finds it there. Should it be lost, or
// its writer die, the receipt is none the worse. Then the tombstone, by a rename,
// which needs no room.
func (l *Ledger) bury(held *receipt, n note) error {
	from, to := l.in(liveDir, held.entry.file()), l.in(buriedDir, held.entry.id)
	if f, err := os.OpenFile(from, os.O_WRONLY, 0o600); err == nil { //nolint:gosec // below the ledger's folder
		_, _ = f.WriteAt(n.encode(), noteAt())
		_ = errors.Join(f.Sync(), f.Close())
	}
	if err := os.Rename(from, to); err != nil {
		return errors.Join(ErrUnwritable, err)
	}
	return errors.Join(process.SyncDir(l.in(buriedDir)), process.SyncDir(l.in(liveDir)))
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

// Tombstone reads what is left of an undone receipt; false where there is
// none. One that cannot be read is true and an error.
func (l *Ledger) Tombstone(id string) (Tombstone, bool, error) {
	name, err := fileName(id)
	if err != nil {
		return Tombstone{}, false, err
	}
	raw, err := os.ReadFile(l.in(buriedDir, name))
	if errors.Is(err, os.ErrNotExist) {
		return Tombstone{}, false, nil
	}
	bare := Tombstone{Receipt: faults.Receipt{ID: id}}
	if err != nil {
		return bare, true, fmt.Errorf("reading tombstone: %w", err)
	}
	if len(raw) == 0 {
		return bare, true, nil
	}
	r, n, err := decode(raw)
	if err != nil {
		return bare, true, fmt.Errorf("reading tombstone %s: %w", l.in(buriedDir, name), err)
	}
	return Tombstone{Receipt: r, Cause: n.Cause, By: n.By, At: n.At}, true, nil
}

// Tombstones lists all, the latest first. One that cannot be read is reported
// by the error; the others are returned beside it.
func (l *Ledger) Tombstones() ([]Tombstone, error) {
	files, err := os.ReadDir(l.in(buriedDir))
	if err != nil {
		return nil, fmt.Errorf("reading tombstones: %w", err)
	}
	var all []Tombstone
	var problems []error
	for _, f := range files {
		id, ok := idOf(f.Name())
		if !ok {
			continue
		}
		t, there, err := l.Tombstone(id)
		problems = append(problems, err)
		if there {
			all = append(all, t)
		}
	}
	slices.SortStableFunc(all, func(a, b Tombstone) int { return b.At.Compare(a.At) })
	return all, errors.Join(problems...)
}

// Forget removes tombstones that are older than that. One that does not tell
// its time is as old as its file.
func (l *Ledger) Forget(olderThan time.Duration) error {
	before := time.Now().Add(-olderThan)
	files, err := os.ReadDir(l.in(buriedDir))
	problems := []error{err}
	for _, f := range files {
		if strings.HasPrefix(f.Name(), process.TempPrefix) {
			continue
		}
		if at := l.buriedAt(f.Name()); at.Before(before) && !at.IsZero() {
			problems = append(problems, os.Remove(l.in(buriedDir, f.Name())))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("forgetting tombstones of %s: %w", l.dir, err)
	}
	return process.SyncDir(l.in(buriedDir))
}

// buriedAt is zero where it cannot be found out.
func (l *Ledger) buriedAt(file string) time.Time {
	if id, ok := idOf(file); ok {
		if t, _, err := l.Tombstone(id); err == nil && !t.At.IsZero() {
			return t.At
		}
	}
	info, err := os.Lstat(l.in(buriedDir, file))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

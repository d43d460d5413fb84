// Package ledger keeps the receipts of live faults on the agent's own disk,
// a tombstone of each that was undone, and the halts that bar new ones. How a
// fault is undone is the drivers' part; when, the agent's and the reaper's.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

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
	haltsDir      = "halts"      // <experiment>, and the latch
)

// Ledger is a folder of receipts. All of its methods may be called at the
// same time, also by several processes: it keeps no receipt in memory.
type Ledger struct {
	dir  string
	turn chan struct{} // of the goroutines of this process at the ledger's lock
}

// Open makes the ledger's folders if need be, and clears away what a crash in
// the middle of a Put left half-written.
func Open(dir string) (*Ledger, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening ledger: %w", err)
	}
	l := &Ledger{dir: abs, turn: make(chan struct{}, 1)}
	for _, sub := range []string{liveDir, buriedDir, quarantineDir, haltsDir} {
		if err := os.MkdirAll(l.in(sub), 0o700); err != nil {
			return nil, fmt.Errorf("opening ledger: %w", errors.Join(ErrUnwritable, err))
		}
	}
	if err := process.SyncDir(abs); err != nil {
		return nil, fmt.Errorf("opening ledger: %w", errors.Join(ErrUnwritable, err))
	}
	return l, l.sweep()
}

// Dir is the ledger's folder.
func (l *Ledger) Dir() string { return l.dir }

// Put writes a receipt and returns once it would survive a power loss. A
// receipt that is live already is replaced and keeps its place, after any
// undoing of it that is under way. A buried one is ErrBuried, one of a halted
// experiment ErrHalted. On any error nothing may be injected.
func (l *Ledger) Put(ctx context.Context, r faults.Receipt) error {
	name, err := fileName(r.ID)
	if err != nil {
		return err
	}
	err = l.settled(ctx, name, func(held *receipt) error {
		if h, halted := l.Halted(r.Experiment); halted {
			return h.bars()
		}
		if l.Buried(r.ID) {
			return ErrBuried
		}
		e := entry{id: name}
		if held != nil {
			e = held.entry
		} else if e.seq, err = l.next(); err != nil {
			return err
		}
		raw, err := encode(r)
		if err == nil {
			err = process.WriteFile(l.in(liveDir, e.file()), raw, 0o600)
		}
		return err
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrBuried), errors.Is(err, ErrHalted), errors.Is(err, ErrUnwritable):
		return fmt.Errorf("writing receipt %s: %w", r.ID, err)
	}
	return fmt.Errorf("writing receipt %s: %w", r.ID, errors.Join(ErrUnwritable, err))
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

// Quarantined lists the files that were no receipts. What they were of may
// still be in place.
func (l *Ledger) Quarantined() ([]string, error) {
	files, err := os.ReadDir(l.in(quarantineDir))
	if err != nil {
		return nil, fmt.Errorf("reading ledger: %w", err)
	}
	var paths []string
	for _, f := range files {
		paths = append(paths, l.in(quarantineDir, f.Name()))
	}
	return paths, nil
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
	if err != nil {
		return fmt.Errorf("%w; it could not be moved to quarantine, look after its fault by hand: %w", why, err)
	}
	err = errors.Join(process.SyncDir(l.in(quarantineDir)), process.SyncDir(l.in(liveDir)))
	return fmt.Errorf("%w; it was moved to %s, look after its fault by hand", errors.Join(why, err), to)
}

// sweep removes what WriteFile had not finished. While somebody writes it is
// left to the next who opens: an Open must not wait for a frozen writer.
func (l *Ledger) sweep() error {
	now, stop := context.WithCancel(context.Background())
	stop()
	err := l.locked(now, func() error {
		var problems []error
		for _, sub := range []string{liveDir, buriedDir, haltsDir} {
			files, err := os.ReadDir(l.in(sub))
			problems = append(problems, err)
			for _, f := range files {
				if strings.HasPrefix(f.Name(), process.TempPrefix) {
					problems = append(problems, os.Remove(l.in(sub, f.Name())))
				}
			}
		}
		return errors.Join(problems...)
	})
	if err != nil && !errors.Is(err, errBusy) && !readOnly(err) {
		return fmt.Errorf("opening ledger: %w", errors.Join(ErrUnwritable, err))
	}
	return nil
}

package running

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/process"
)

const (
	lookEvery   = 20 * time.Millisecond
	firstRest   = 500 * time.Millisecond // between two starts
	longestRest = 5 * time.Second
	ownRecord   = 3 * time.Second // for a service to write its record
)

// Revive starts the target unless it runs, and returns once its health
// answers. Where it has none, running is enough. A start that does not last is
// tried again until ctx ends. Two that revive at once start it once.
func (t Target) Revive(ctx context.Context) error {
	last := errors.New("it was not tried")
	next, rest := time.Now(), firstRest
	for {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("bringing %s back (see its log %q): %w", t.Process.Name, t.Process.Log, errors.Join(err, last))
		}
		runs, err := t.Running()
		switch {
		case err != nil:
			last = err
		case runs:
			if last = t.Well(ctx); last == nil {
				return nil
			}
		case !time.Now().Before(next):
			last = t.start(ctx)
			next, rest = time.Now().Add(rest), min(2*rest, longestRest)
			continue
		}
		pause.For(ctx, lookEvery)
	}
}

// start starts the target if, under the lock, it still does not run, and sees
// to it that record or pid file name the new process.
func (t Target) start(ctx context.Context) (err error) {
	unlock, err := t.lock(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if runs, err := t.Running(); err != nil || runs {
		return err
	}
	if t.Unit != "" {
		return t.startUnit(ctx)
	}
	started, err := process.Start(ctx, t.Process)
	if err != nil || t.Match != "" { // what was started matches
		return err
	}
	if t.PIDFile != "" {
		return process.WriteFile(t.PIDFile, []byte(strconv.Itoa(started.PID)+"\n"), 0o644)
	}
	// The service writes its record itself, perhaps with another address. Only
	// for one that does not is it written here.
	for deadline := time.Now().Add(ownRecord); ctx.Err() == nil && time.Now().Before(deadline); pause.For(ctx, lookEvery) {
		now, err := t.named()
		if err == nil && now.Alive() {
			return nil
		}
		if !started.Alive() {
			return errors.New("it ended right after its start")
		}
	}
	return started.Write(t.Record)
}

// lock keeps two from starting the target at once. It locks the folder, not a
// file of its own: that works on a full disk, too.
func (t Target) lock(ctx context.Context) (func() error, error) {
	path := t.folder()
	dir, err := os.Open(path) //nolint:gosec // the operator's folder
	if err != nil {
		return nil, fmt.Errorf("locking the folder of %s: %w", t.Process.Name, err)
	}
	for {
		err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return dir.Close, nil
		}
		if ctx.Err() != nil || !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("locking %s: %w", path, errors.Join(err, ctx.Err(), dir.Close()))
		}
		pause.For(ctx, lookEvery)
	}
}

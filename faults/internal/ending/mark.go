// Package ending notes that a target was told to end, or another change that
// takes its time. Without such a note, one who rolls back right after an
// interrupted injection would take a target on its way out for a whole one.
package ending

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/process"
)

const prefix = ".faultline-ends-"

// lookEvery is how soon an end is seen.
const lookEvery = 20 * time.Millisecond

// Mark is the path of a file that is there from just before a target is told
// to end until the rollback.
type Mark string

// In names a mark in a folder that nobody has yet; dir "" is the system's
// folder for temporary files. It touches nothing.
func In(dir string) (Mark, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	dir, err := filepath.Abs(dir) // the one who undoes may stand in another folder
	if err != nil {
		return "", fmt.Errorf("naming a mark: %w", err)
	}
	return Mark(filepath.Join(dir, prefix+rand.Text())), nil
}

// For is In for what several faults may end at once: they share the mark, and
// whichever of them is rolled back first brings the target back. id tells the
// target from all others.
func For(dir, id string) (Mark, error) {
	m, err := In(dir)
	sum := sha256.Sum256([]byte(id))
	return Mark(filepath.Join(filepath.Dir(string(m)), prefix+hex.EncodeToString(sum[:]))), err
}

// Told says whether the target was told to end, and not brought back since.
func (m Mark) Told() (bool, error) {
	if !m.valid() {
		return false, errors.New("its receipt names no mark")
	}
	_, err := os.Stat(string(m))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking whether it was told to end: %w", err)
	}
	return true, nil
}

// Set writes the mark of a target. Where it cannot be written the target must
// not be told to end.
func (m Mark) Set(target string) error {
	if !m.valid() {
		return errors.New("its receipt names no mark")
	}
	if err := process.WriteFile(string(m), []byte(target+"\n"), 0o600); err != nil {
		return fmt.Errorf("noting that %s is about to end: %w", target, err)
	}
	return nil
}

// Renew has the time that Settle gives begin anew, for a target that is told
// to end again and again. It makes no file: who does it may be killed at any moment.
func (m Mark) Renew() error { return m.since(time.Now()) }

// Rest has Settle not wait until it is renewed: the target has ended.
func (m Mark) Rest() error { return m.since(time.Unix(0, 0)) }

func (m Mark) since(t time.Time) error {
	if err := os.Chtimes(string(m), t, t); err != nil {
		return fmt.Errorf("noting since when it is about to end: %w", err)
	}
	return nil
}

// Settle returns once a target that was told to end has ended, or the time is
// over that it has for that since it was told. It is an error when ctx ends first.
func (m Mark) Settle(ctx context.Context, within time.Duration, ended func() (bool, error)) error {
	info, err := os.Stat(string(m))
	if errors.Is(err, os.ErrNotExist) {
		return nil // never told to end
	}
	if err != nil {
		return fmt.Errorf("looking whether it was told to end: %w", err)
	}
	left := min(within, time.Until(info.ModTime().Add(within))) // min: the wall clock may have been set back
	for until := time.Now().Add(left); time.Now().Before(until); pause.For(ctx, lookEvery) {
		gone, err := ended()
		if err == nil && gone {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("waiting for it, which was told to end: %w", errors.Join(ctx.Err(), err))
		}
	}
	return nil
}

// Clear removes the mark.
func (m Mark) Clear() error {
	if !m.valid() {
		return errors.New("its receipt names no mark")
	}
	if err := os.Remove(string(m)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing the mark of what was told to end: %w", err)
	}
	return nil
}

// valid keeps a receipt from having another file removed.
func (m Mark) valid() bool {
	return filepath.IsAbs(string(m)) && strings.HasPrefix(filepath.Base(string(m)), prefix)
}

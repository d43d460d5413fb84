package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/internal/wallclock"
)

// What bars an injection, and what a resume may find.
var (
	ErrHalted     = errors.New("halted")
	ErrNotLatched = errors.New("nothing is halted")
	ErrOtherLatch = errors.New("another halt holds; resume that one")
)

const (
	haltFormat = "faultline-halt-v1"
	latchName  = "latch" // no experiment's file name: those begin with id-
	// Unreadable is the id of a halt whose file cannot be read. It holds, and
	// is resumed by this name.
	Unreadable = "unreadable"
)

// Halt stops one experiment for good, or all of them until it is resumed.
type Halt struct {
	ID         string    `json:"id"`
	Experiment string    `json:"experiment,omitempty"` // "" = all
	By         string    `json:"by"`
	Why        string    `json:"why"`
	At         time.Time `json:"at"` // wall clock, for people
}

func (h Halt) bars() error {
	return fmt.Errorf("%w by %s: %s (halt %s)", ErrHalted, h.By, h.Why, h.ID)
}

// Halt returns once the halt would survive a power loss: from then on Put
// refuses, so that who undoes what is live undoes all there will be. A repeated
// one changes nothing. One for all experiments sets the latch; if another held
// it, the later one does now: the first may be resumed by who knows nothing of
// this one.
func (l *Ledger) Halt(ctx context.Context, h Halt) error {
	name, err := haltName(h.Experiment)
	if err == nil && (h.ID == "" || h.ID == Unreadable) {
		err = fmt.Errorf("halt id %q: give it a unique one", h.ID)
	}
	if err != nil {
		return fmt.Errorf("writing halt: %w", err)
	}
	if h.At.IsZero() {
		h.At = wallclock.Now()
	}
	err = l.locked(ctx, func() error {
		now, there := l.readHalt(name, h.Experiment)
		if there && now.ID != Unreadable && (h.Experiment != "" || now.ID == h.ID) {
			return nil
		}
		body, err := json.Marshal(h)
		if err != nil {
			return err
		}
		path := l.in(haltsDir, name)
		err = process.WriteFile(path, fmt.Appendf(nil, "%s %s\n%s", haltFormat, sum(body), body), 0o600)
		if err == nil {
			return nil
		}
		// On a full disk there is room for an empty file, which cannot be read
		// and so holds. One that is there already holds as it is.
		if empty := touch(path); empty != nil {
			return errors.Join(ErrUnwritable, err, empty)
		}
		return process.SyncDir(l.in(haltsDir))
	})
	if err != nil {
		return fmt.Errorf("writing halt %s: %w", h.ID, err)
	}
	return nil
}

// Halted says whether an experiment is halted, by its own halt or by the
// latch. What cannot be read is halted.
func (l *Ledger) Halted(experiment string) (Halt, bool) {
	name, err := haltName(experiment)
	if err != nil {
		return Halt{ID: Unreadable, Experiment: experiment, Why: err.Error()}, true
	}
	if h, ok := l.readHalt(name, experiment); ok || experiment == "" {
		return h, ok
	}
	return l.Latched()
}

// Latched is the halt of all experiments, if there is one.
func (l *Ledger) Latched() (Halt, bool) { return l.readHalt(latchName, "") }

// Resume lifts the latch if that halt holds it. An old or repeated resume
// lifts nothing: ErrOtherLatch, ErrNotLatched. A halted experiment stays so.
func (l *Ledger) Resume(ctx context.Context, haltID string) error {
	err := l.locked(ctx, func() error {
		now, there := l.Latched()
		switch {
		case !there:
			return ErrNotLatched
		case now.ID != haltID:
			return fmt.Errorf("%w: %s, by %s: %s", ErrOtherLatch, now.ID, now.By, now.Why)
		}
		if err := os.Remove(l.in(haltsDir, latchName)); err != nil {
			return errors.Join(ErrUnwritable, err)
		}
		return process.SyncDir(l.in(haltsDir))
	})
	if err != nil {
		return fmt.Errorf("resuming from halt %s: %w", haltID, err)
	}
	return nil
}

func haltName(experiment string) (string, error) {
	if experiment == "" {
		return latchName, nil
	}
	return fileName(experiment)
}

func (l *Ledger) readHalt(name, experiment string) (Halt, bool) {
	raw, err := os.ReadFile(l.in(haltsDir, name))
	if errors.Is(err, os.ErrNotExist) {
		return Halt{}, false
	}
	head, body, _ := bytes.Cut(raw, []byte("\n"))
	if err == nil && string(head) != haltFormat+" "+sum(body) {
		err = errors.New("its checksum is wrong")
	}
	var h Halt
	if err == nil {
		err = json.Unmarshal(body, &h)
	}
	if err != nil {
		why := fmt.Sprintf("the halt in %s cannot be read, and holds: %v", l.in(haltsDir, name), err)
		return Halt{ID: Unreadable, Experiment: experiment, By: "nobody known", Why: why}, true
	}
	return h, true
}

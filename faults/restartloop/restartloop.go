// Package restartloop kills a process again and again, as a service that
// crashes soon after each start. It starts nothing before the rollback: whoever
// supervises the target does.
package restartloop

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/faults/internal/running"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// Kind is the name that documents use.
const Kind = "process.restart_loop"

const (
	every        = "every"
	defaultEvery = "5s"
	// leastEvery lets a target that is started again be found before it is killed.
	leastEvery = 100 * time.Millisecond
)

// Driver kills processes by a process of its own, which ends with its
// agent's lease. The zero value is ready.
type Driver struct {
	Dir string // of the files that name these; "" = the system's folder for temporary files
}

var _ faults.Keeper = Driver{}

// Describe tells people about the fault.
func Describe() faults.Kind {
	return faults.Kind{
		Name: Kind, Risk: faults.Caution, Breaks: []spec.TargetKind{spec.ProcessKind},
		Summary: "kills the target's process (SIGKILL), and again whenever its supervisor has started it; of a container, has the engine restart it again and again; rollback starts it where nobody has",
		Parameters: []faults.Parameter{{
			Name: every, Default: defaultEvery, Summary: "how long from one look for it, or restart, to the next",
			Check: func(text string) error {
				if d, err := time.ParseDuration(text); err != nil || d < leastEvery {
					return fmt.Errorf("%q: write a length of time from %s on, such as %s", text, leastEvery, defaultEvery)
				}
				return nil
			},
		}},
	}
}

// Plan notes the target's process and how it is started.
func (d Driver) Plan(_ context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	_, r, err := running.Plan(Describe(), f, t)
	if err != nil {
		return faults.Receipt{}, err
	}
	return r, d.Note(r, f.With)
}

// Note has a receipt say how often a document with these parameters has the
// target broken, and the file that will name the loop.
func (d Driver) Note(r faults.Receipt, with map[string]string) error {
	r.Undo[every] = defaultEvery
	if text, ok := with[every]; ok {
		r.Undo[every] = text
	}
	return inside.Name(r, d.Dir)
}

// Inject starts the loop and waits until the process is gone. A process that
// was replaced since the plan is not killed: faults.ErrRefused.
func (d Driver) Inject(ctx context.Context, r faults.Receipt) error {
	return inside.Inject(ctx, d, r, "killing again and again", begin)
}

func begin(ctx context.Context, r faults.Receipt) error {
	t, err := running.Of(r)
	if err != nil {
		return err
	}
	if s, err := inside.Doing(r); err != nil || s != process.Gone {
		return err
	}
	if !t.Process.Alive() {
		if err := t.Confirm(); err != nil {
			return err
		}
	}
	return Start(ctx, r, Command)
}

// Rollback ends the loop, starts the target unless it runs, and waits for its
// health.
func (Driver) Rollback(ctx context.Context, r faults.Receipt) error {
	t, err := running.Of(r)
	if err == nil {
		err = inside.End(ctx, r)
	}
	if err == nil {
		err = t.Revive(ctx)
	}
	if err != nil {
		return fmt.Errorf("rolling back %s on %s: %w", r.Kind, r.Target, err)
	}
	return nil
}

// Probe sees the fault where the loop runs and has killed the process that was
// planned for, whether or not another one has been started since.
func (Driver) Probe(_ context.Context, r faults.Receipt) (faults.Presence, error) {
	seen, err := probe(r)
	if err != nil {
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	}
	return seen, nil
}

func probe(r faults.Receipt) (faults.Presence, error) {
	t, err := running.Of(r)
	if err != nil {
		return faults.Unseen, err
	}
	loop, err := inside.Doing(r)
	was, err2 := t.Process.Look()
	switch {
	case err != nil || err2 != nil:
		return faults.Unseen, errors.Join(err, err2)
	case loop == process.Gone:
		return faults.Absent, nil
	case loop == process.Running && was == process.Gone:
		return faults.Present, nil
	}
	return faults.Unseen, nil
}

// Keep renews the loop's life.
func (Driver) Keep(_ context.Context, r faults.Receipt) error {
	if err := inside.Keep(r); err != nil {
		return fmt.Errorf("keeping %s from running: %w", r.Target, err)
	}
	return nil
}

// KeepEvery is a small part of the loop's lease.
func (Driver) KeepEvery() time.Duration { return inside.KeepEvery }

// Package disk breaks disks: it fills the filesystem of a directory, and slows
// what a process reads from a disk and writes to it. It damages no file.
package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/faults/params"
	"github.com/k2-platform/faultline/spec"
)

// FullKind is the name that documents use.
const FullKind = "disk.full"

// Full fills the filesystem of a directory, by one file. The zero value is
// ready.
type Full struct {
	// Dir is Faultline's own state folder, whose filesystem is never filled; "" =
	// the system's folder for temporary files.
	Dir string
}

var _ faults.Keeper = Full{}

const (
	ofDirectory = "directory"
	ofHost      = "host"
	keepIt      = "keep"
	takeIt      = "take"
)

func fullTo() faults.Parameter {
	return inside.Percent("to", "how full, as df shows it: percent of what may be written at all", "100%", 100)
}

func fullParameters() []faults.Parameter {
	return []faults.Parameter{
		fullTo(),
		params.New("free", "how much is left, in the place of a percentage", "", params.Size),
		params.New("reserved", "what the filesystem reserves for root: keep leaves it to root, take fills it, too, for a target that runs as root", keepIt, params.Word(keepIt, takeIt)),
		params.New("of", "whose disk: directory, one of its own, or host, where it is the root filesystem that is meant", ofDirectory, params.Word(ofDirectory, ofHost)),
	}
}

// DescribeFull tells people about the fault.
func DescribeFull() faults.Kind {
	return faults.Kind{
		Name: FullKind, Risk: faults.Caution, Breaks: []spec.TargetKind{spec.DirectoryKind}, Serves: true,
		Summary:    "fills the filesystem of a directory, by a file beside what is there, and removes that file",
		Parameters: fullParameters(),
		Together: func(with map[string]string) error {
			if with["to"] != "" && with["free"] != "" {
				return errors.New("to and free say the same in two ways: write one of them")
			}
			return nil
		},
	}
}

// Inject fills the filesystem. One that is full already is faults.ErrRefused,
// unless other faults fill it: then this one takes over what they leave.
func (d Full) Inject(ctx context.Context, r faults.Receipt) error {
	err := ctx.Err()
	if err == nil {
		err = inject(ctx, r)
	}
	if err == nil {
		err = faults.Await(ctx, d, r, faults.Present)
	}
	if err != nil {
		return fmt.Errorf("filling the disk of %s: %w", r.Target, err)
	}
	return nil
}

func inject(ctx context.Context, r faults.Receipt) error {
	f, on, err := fillerOf(r)
	if err != nil {
		return err
	}
	there, err := holds(f.path)
	if err == nil && there != on {
		err = fmt.Errorf("%w: another filesystem is there since this was planned: plan the fault again", faults.ErrRefused)
	}
	if err != nil {
		return err
	}
	return f.make(ctx)
}

// Rollback removes the file. One that is gone is no error, nor a tmpfs that is
// not mounted any more. Another filesystem that is not mounted still has the
// file: that is an error until it is.
func (Full) Rollback(_ context.Context, r faults.Receipt) error {
	f, on, err := fillerOf(r)
	if err == nil {
		err = f.remove()
	}
	if err == nil {
		err = reached(f, on)
	}
	if err != nil {
		return fmt.Errorf("giving %s its disk back: %w", r.Target, err)
	}
	return nil
}

// Probe sees the fault where the file has what it is to take, or the
// filesystem is as full as asked for.
func (Full) Probe(_ context.Context, r faults.Receipt) (faults.Presence, error) {
	seen := faults.Unseen
	f, on, err := fillerOf(r)
	if err == nil {
		seen, err = f.see(on)
	}
	if err != nil {
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	}
	return seen, nil
}

func (f filler) see(on filesystem) (faults.Presence, error) {
	s, err := f.state()
	if errors.Is(err, os.ErrNotExist) {
		if err := reached(f, on); err != nil {
			return faults.Unseen, err
		}
		return faults.Absent, nil
	}
	if err != nil || s.want == 0 {
		return faults.Unseen, err
	}
	if s.held >= s.want {
		return faults.Present, nil
	}
	_, has, err := look(f.path)
	if err != nil || has.left(f.reserved) > f.free+has.slack() {
		return faults.Unseen, err // another fault has just given it back
	}
	return faults.Present, nil
}

// Keep takes over what another fault on the same disk has given back. It is an
// error where somebody has removed the file.
func (Full) Keep(ctx context.Context, r faults.Receipt) error {
	f, _, err := fillerOf(r)
	if err == nil {
		err = f.keep(ctx)
	}
	if err != nil {
		return fmt.Errorf("keeping the disk of %s full: %w", r.Target, err)
	}
	return nil
}

// KeepEvery is how soon a file that is gone is missed.
func (Full) KeepEvery() time.Duration { return inside.KeepEvery }

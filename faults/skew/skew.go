// Package skew knows the fault of a wall clock that is wrong for one process
// alone, and refuses it: no way was found that is safe for any target.
package skew

import (
	"context"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/params"
	"github.com/k2-platform/faultline/spec"
)

// Kind is the name that documents use.
const Kind = "time.skew"

// Driver plans nothing. There is no receipt of this fault, so it has nothing to
// inject or roll back either.
type Driver struct{}

// most is as far as a clock is put: farther no certificate is valid.
const most = 24 * 365 * time.Hour

func by(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d == 0 || d.Abs() > most {
		return 0, fmt.Errorf("%q: write by how much the clock is wrong, such as 5m, or -1h for one that is behind", text)
	}
	return d, nil
}

// Describe tells people about the fault.
func Describe() faults.Kind {
	return faults.Kind{
		Name: Kind, Risk: faults.Dangerous, Breaks: []spec.TargetKind{spec.ProcessKind},
		Summary:    "sets the target's wall clock wrong; refused on every platform, as there is no safe way",
		Parameters: []faults.Parameter{params.New("by", "how far ahead the clock is, or with a minus behind", "5m", by)},
	}
}

const why = "the kernel has one wall clock for all processes (time namespaces shift the others alone), a preloaded library does not reach static programs, " +
	"and patching a running process's vDSO may crash it; run the target in a virtual machine of its own and set its clock"

// Plan refuses, with the reason: faults.ErrRefused.
func (Driver) Plan(_ context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	err := Describe().Check(f, t)
	if err == nil {
		err = fmt.Errorf("%w: %s", faults.ErrRefused, why)
	}
	return faults.Receipt{}, fmt.Errorf("planning %s on %s: %w", Kind, f.Target, err)
}

// Inject refuses: faults.ErrRefused.
func (Driver) Inject(_ context.Context, r faults.Receipt) error { return unknown(r) }

// Rollback is an error: no receipt of this fault was ever made.
func (Driver) Rollback(_ context.Context, r faults.Receipt) error { return unknown(r) }

// Probe is an error: no receipt of this fault was ever made.
func (Driver) Probe(_ context.Context, r faults.Receipt) (faults.Presence, error) {
	return faults.Unseen, unknown(r)
}

func unknown(r faults.Receipt) error {
	return fmt.Errorf("%w: receipt %s is of %s on %s, which this program never plans; undo it with the one that did: %s", faults.ErrRefused, r.ID, Kind, r.Target, why)
}

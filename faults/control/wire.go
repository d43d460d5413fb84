// Package control is how a fault proxy is told its faults: it takes
// them over HTTP on this machine, keeps each for as long as it is kept and no
// longer, and is asked by a client. What a fault does is the engine's affair.
package control

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/spec"
)

// Fault is what is asked of a proxy; the receipt that names it stands in the
// path. It goes when its deadline is over, or its lease was not renewed.
type Fault struct {
	Experiment string            `json:"experiment"`
	Step       string            `json:"step"`
	Kind       string            `json:"kind"`
	With       map[string]string `json:"with,omitempty"`
	Link       string            `json:"link,omitempty"` // that is meant, of a proxy that has links
	BootID     string            `json:"boot_id"`
	Expires    time.Duration     `json:"expires_ns"` // on CLOCK_BOOTTIME of that boot
	Lease      spec.Duration     `json:"lease"`
}

// Question is what a plan asks about.
type Question struct {
	Kind string            `json:"kind"`
	With map[string]string `json:"with,omitempty"`
	Link string            `json:"link,omitempty"` // that is meant, of a proxy that has links
}

func (f Fault) question() Question { return Question{Kind: f.Kind, With: f.With, Link: f.Link} }

// Answer is that nothing speaks against it.
type Answer struct {
	Run string `json:"run"`
}

// State is one fault as the proxy has it. The zero value is not in force.
type State struct {
	Receipt    string            `json:"receipt"`
	InForce    bool              `json:"in_force"`
	Experiment string            `json:"experiment,omitempty"`
	Step       string            `json:"step,omitempty"`
	Kind       string            `json:"kind,omitempty"`
	With       map[string]string `json:"with,omitempty"`
	Link       string            `json:"link,omitempty"`
	// Static says that it was given at the start, and stays as long as the proxy.
	Static bool `json:"static,omitempty"`
	// Left is how long its deadline and Kept how long its lease are away.
	Left spec.Duration `json:"left,omitempty"`
	Kept spec.Duration `json:"kept,omitempty"`
	// Lifted says why it is no longer in force; "" where it never was.
	Lifted string `json:"lifted,omitempty"`
	Count  *Count `json:"count,omitempty"`
}

// Status is the proxy as a whole.
type Status struct {
	Run    string  `json:"run"`
	Raw    bool    `json:"raw,omitempty"` // nothing that passes can be read
	Faults []State `json:"faults"`
}

// The refusals that a client tells apart.
var (
	// ErrOtherRun says that this life of the proxy knows nothing of the
	// receipt: another life had it, and took its faults along.
	ErrOtherRun = errors.New("the proxy was started again since")
	// ErrLifted says that the receipt was undone before. It is a refusal:
	// asking again changes nothing.
	ErrLifted = fmt.Errorf("%w: the fault was lifted", faults.ErrRefused)
	// ErrGone says that nobody listens where the proxy was.
	ErrGone = errors.New("no proxy listens")
)

// The bounds of what is asked for.
const (
	ShortestLease = 200 * time.Millisecond
	LongestLease  = 10 * time.Minute
	longestBody   = 64 << 10
	mostFaults    = 256
)

// checkReceipt refuses what cannot stand in a path.
func checkReceipt(id string) error {
	if !regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._/-]{0,299}$`).MatchString(id) {
		return fmt.Errorf("%w: receipt %q: write letters, digits, dot, dash, underscore and slash, at most 300", faults.ErrRefused, id)
	}
	return nil
}

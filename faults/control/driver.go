package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// What a receipt holds.
const (
	undoControl = "control"    // address of the proxy
	undoToken   = "token_file" // of the proxy, "" where it asks for none
	undoRun     = "run"        // life of the proxy
	undoWith    = "with"       // parameters, as JSON
	undoLink    = "link"       // that is meant, where the proxy has links
)

// lease is how long a fault outlives the last word of its agent. It ends in
// the proxy, whatever became of the agent and its reaper.
const lease = 10 * time.Second

// Driver breaks what a proxy passes on by one kind of fault. It is the side of
// the agent: the proxy is another process, which does what it is told and tells
// what is in force.
type Driver struct {
	Kind faults.Kind
	// Of is the proxy that a target is, or is a link of; its Run is not looked
	// at.
	Of func(t spec.Target) (proxy Client, link string)
	// Notes are added to each receipt.
	Notes map[string]string
}

var _ faults.Keeper = Driver{}

// Plan asks the proxy what it has against the fault, and notes which life of
// it said that nothing. Refusals are faults.ErrRefused.
func (d Driver) Plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	r, err := d.plan(ctx, f, t)
	return faults.Planned(d.Kind.Name, f, r, err)
}

func (d Driver) plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	if err := d.Kind.Check(f, t); err != nil {
		return faults.Receipt{}, err
	}
	with, err := json.Marshal(f.With)
	if err != nil {
		return faults.Receipt{}, err
	}
	boot, err := process.BootID()
	if err != nil {
		return faults.Receipt{}, err
	}
	proxy, link := d.Of(t)
	run, err := proxy.Plan(ctx, Question{Kind: d.Kind.Name, With: f.With, Link: link})
	if errors.Is(err, os.ErrPermission) {
		return faults.Receipt{}, fmt.Errorf("%w: %w; run the agent as the user of the proxy, whose socket is for that one alone", faults.ErrRefused, err)
	}
	if err != nil {
		return faults.Receipt{}, err
	}
	undo := map[string]string{undoControl: proxy.Address, undoToken: proxy.TokenFile, undoRun: run, undoWith: string(with)}
	if link != "" {
		undo[undoLink] = link
	}
	maps.Copy(undo, d.Notes)
	return faults.Receipt{Kind: d.Kind.Name, Target: string(f.Target), BootID: boot, Undo: undo}, nil
}

// Inject puts the fault in force. A proxy that was started again since the
// plan is not broken: faults.ErrRefused.
func (d Driver) Inject(ctx context.Context, r faults.Receipt) error {
	err := ctx.Err()
	if err == nil {
		err = inject(ctx, r)
	}
	if errors.Is(err, ErrOtherRun) || errors.Is(err, ErrGone) {
		err = errors.Join(faults.ErrRefused, err)
	}
	if err != nil {
		return fmt.Errorf("injecting %s into %s: %w", r.Kind, r.Target, err)
	}
	return faults.Await(ctx, d, r, faults.Present)
}

func inject(ctx context.Context, r faults.Receipt) error {
	proxy, err := of(r)
	if err != nil {
		return err
	}
	f := Fault{Experiment: r.Experiment, Step: r.Step, Kind: r.Kind, Link: r.Undo[undoLink], BootID: r.BootID, Expires: r.Expires, Lease: spec.Duration(lease)}
	if err := json.Unmarshal([]byte(r.Undo[undoWith]), &f.With); err != nil {
		return fmt.Errorf("reading the parameters of receipt %s: %w", r.ID, err)
	}
	_, err = proxy.Put(ctx, r.ID, f)
	return err
}

// Rollback has the proxy lift the fault. One that is gone, or was started
// again, took it along. It asks even when ctx has ended: a proxy that is well
// answers at once.
func (d Driver) Rollback(ctx context.Context, r faults.Receipt) error {
	proxy, err := of(r)
	if err == nil {
		last, stop := context.WithTimeout(context.WithoutCancel(ctx), liftWithin)
		defer stop()
		err = proxy.Lift(last, r.ID)
	}
	if plain(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("rolling back %s on %s: %w", r.Kind, r.Target, err)
	}
	return faults.Await(ctx, d, r, faults.Absent)
}

const liftWithin = 5 * time.Second

// Probe asks the proxy whether the fault is in force. Of a proxy that does not
// answer, and is there, nobody can say.
func (d Driver) Probe(ctx context.Context, r faults.Receipt) (faults.Presence, error) {
	proxy, err := of(r)
	var s State
	if err == nil {
		s, err = proxy.Get(ctx, r.ID)
	}
	switch {
	case plain(err):
		return faults.Absent, nil
	case err != nil:
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	case s.InForce:
		return faults.Present, nil
	}
	return faults.Absent, nil
}

// Keep renews the fault's lease at the proxy.
func (Driver) Keep(ctx context.Context, r faults.Receipt) error {
	proxy, err := of(r)
	if err == nil {
		err = proxy.Keep(ctx, r.ID)
	}
	if err != nil {
		return fmt.Errorf("keeping %s on %s: %w", r.Kind, r.Target, err)
	}
	return nil
}

// KeepEvery is a third of the lease.
func (Driver) KeepEvery() time.Duration { return lease / 3 }

// plain says that what was asked is no longer the proxy that has the fault.
func plain(err error) bool {
	return errors.Is(err, ErrOtherRun) || errors.Is(err, ErrGone)
}

// of is the proxy that a receipt is of: one life of it.
func of(r faults.Receipt) (Client, error) {
	c := Client{Address: r.Undo[undoControl], TokenFile: r.Undo[undoToken], Run: r.Undo[undoRun]}
	if c.Address == "" || c.Run == "" {
		return c, fmt.Errorf("receipt %s names no proxy, or no life of one", r.ID)
	}
	return c, nil
}

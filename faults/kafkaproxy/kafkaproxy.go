// Package kafkaproxy breaks what a Kafka fault proxy passes on: bytes,
// requests and responses, records. It is the side of the agent: the proxy is
// another process, which does what it is told and tells what is in force.
package kafkaproxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/kafkaproxy/control"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// What a receipt holds.
const (
	undoControl = "control"    // address of the proxy
	undoToken   = "token_file" // of the proxy, "" where it asks for none
	undoRun     = "run"        // life of the proxy
	undoWith    = "with"       // parameters, as JSON
)

// lease is how long a fault outlives the last word of its agent. It ends in
// the proxy, whatever became of the agent and its reaper.
const lease = 10 * time.Second

// Driver breaks a proxy by one kind of fault. All kinds have the same driver.
type Driver struct{ Kind string }

var _ faults.Keeper = Driver{}

// Kinds describes the faults, in the order of their names.
func Kinds() []faults.Kind { return rule.Kinds() }

// Plan asks the proxy what it has against the fault, and notes which life of
// it said that nothing. Refusals are faults.ErrRefused.
func (d Driver) Plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	r, err := d.plan(ctx, f, t)
	if err != nil {
		return faults.Receipt{}, fmt.Errorf("planning %s on %s: %w", d.Kind, f.Target, err)
	}
	return r, nil
}

func (d Driver) plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	if err := d.describe().Check(f, t); err != nil {
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
	proxy := control.Client{Address: t.KafkaProxy.Control, TokenFile: t.KafkaProxy.TokenFile}
	run, err := proxy.Plan(ctx, control.Question{Kind: d.Kind, With: f.With})
	if err != nil {
		return faults.Receipt{}, err
	}
	return faults.Receipt{Kind: d.Kind, Target: string(f.Target), BootID: boot, Undo: map[string]string{
		undoControl: proxy.Address, undoToken: proxy.TokenFile, undoRun: run, undoWith: string(with),
	}}, nil
}

// describe gives a kind that nobody knows no target to break.
func (d Driver) describe() faults.Kind {
	for _, k := range Kinds() {
		if k.Name == d.Kind {
			return k
		}
	}
	return faults.Kind{Name: d.Kind, Breaks: []spec.TargetKind{""}}
}

// Inject puts the fault in force. A proxy that was started again since the
// plan is not broken: faults.ErrRefused.
func (d Driver) Inject(ctx context.Context, r faults.Receipt) error {
	err := ctx.Err()
	if err == nil {
		err = inject(ctx, r)
	}
	if errors.Is(err, control.ErrOtherRun) || errors.Is(err, control.ErrGone) {
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
	f := control.Fault{Experiment: r.Experiment, Step: r.Step, Kind: r.Kind, BootID: r.BootID, Expires: r.Expires, Lease: spec.Duration(lease)}
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
	var s control.State
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
	return errors.Is(err, control.ErrOtherRun) || errors.Is(err, control.ErrGone)
}

// of is the proxy that a receipt is of: one life of it.
func of(r faults.Receipt) (control.Client, error) {
	c := control.Client{Address: r.Undo[undoControl], TokenFile: r.Undo[undoToken], Run: r.Undo[undoRun]}
	if c.Address == "" || c.Run == "" {
		return c, fmt.Errorf("receipt %s names no proxy, or no life of one", r.ID)
	}
	return c, nil
}

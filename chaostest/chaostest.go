// Package chaostest breaks things from Go tests: faults for the time of a test,
// each of them an experiment of Faultline under its ledger, leases and policy.
//
//	func TestTheBrokerGoes(t *testing.T) {
//		chaos := chaostest.New(t, chaostest.Config{})
//		chaos.StopKafkaBroker("kafka")
//		// look at the system
//	}
//
// At the end of the test the faults are rolled back, last in, first out, each
// until it is seen gone, and recovery is verified; the test fails where the
// system did not come back. If the test process dies Faultline undoes its faults
// once the lease has lapsed.
package chaostest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/spec"
)

// TB is what a context needs of a test; *testing.T has it.
type TB interface {
	Helper()
	Cleanup(func())
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Name() string
}

// The errors of a context. Each comes with what to do next.
var (
	ErrRefused      = errors.New("refused") // by the pipeline or an agent
	ErrDenied       = errors.New("denied")  // by the policy or the platform
	ErrNotInjected  = errors.New("the fault is not there")
	ErrNoAnswer     = errors.New("no answer")        // of the pipeline, in time
	ErrStuck        = errors.New("cannot be undone") // the message says what to run by hand
	ErrNotRecovered = errors.New("the system failed to recover")
)

// Chaos is a context of faults. Make it with New. Its methods must be called by
// the goroutine of the test.
type Chaos struct {
	t        TB
	cfg      Config
	platform spec.Platform
	pipeline Pipeline
	keeper   *keeper
	faults   []*Fault
	monitors []*Monitor
	left     bool
}

// New is a context until the end of the test, or until Leave. The test ends at
// once where no pipeline is to be found.
func New(t TB, cfg Config) *Chaos {
	t.Helper()
	c, err := open(t, cfg)
	if err != nil {
		t.Fatalf("chaos: %v", err)
		return nil
	}
	t.Cleanup(func() {
		t.Helper()
		if err := c.Leave(context.Background()); err != nil {
			t.Errorf("chaos: %v", err)
		}
	})
	return c
}

func open(t TB, cfg Config) (*Chaos, error) {
	platform, err := cfg.platform()
	if err != nil {
		return nil, err
	}
	pipeline := cfg.Pipeline
	if pipeline == nil {
		if pipeline, err = Connect(context.Background(), cfg.Settings); err != nil {
			return nil, err
		}
	}
	c := &Chaos{t: t, cfg: cfg.withDefaults(platform), platform: platform, pipeline: pipeline}
	c.keeper = keep(c.cfg.Lease, t.Logf)
	return c, nil
}

// Inject injects a fault of any kind (faultline faults) and returns once it was
// seen on its target. ErrDenied, ErrRefused, ErrNotInjected and ErrNoAnswer say
// why it is not there.
func (c *Chaos) Inject(ctx context.Context, kind, target string, with map[string]string, options ...Option) (*Fault, error) {
	name, err := c.cfg.target(c.platform, target)
	if err != nil {
		return nil, err
	}
	o := settled(options)
	doc := c.document(kind, name, with, o)
	f := &Fault{ID: spec.ExperimentID(fmt.Sprintf("chaostest-%s-%s", name, uuid.NewString())), Document: doc, pipeline: c.pipeline}
	c.faults = append(c.faults, f)
	if err := f.schedule(ctx); err != nil {
		return nil, err
	}
	c.keeper.add(f)
	if err := f.awaitInjected(ctx, time.Duration(c.cfg.Baseline)+warmUp); err != nil {
		// It may be on its way: what was not seen is not wanted any more.
		c.keeper.drop(f)
		return nil, errors.Join(err, f.send(context.WithoutCancel(ctx), commands.Abort{Reason: "its fault was not seen in place"}))
	}
	if o.duration > 0 {
		c.keeper.endAfter(f, o.duration)
	}
	c.t.Logf("chaos: %s is in place", f)
	return f, nil
}

// Must is Inject that ends the test where the fault is not there.
func (c *Chaos) Must(kind, target string, with map[string]string, options ...Option) *Fault {
	c.t.Helper()
	f, err := c.Inject(context.Background(), kind, target, with, options...)
	if err != nil {
		c.t.Fatalf("chaos: %v", err)
	}
	return f
}

// Active says that a fault may be in place.
func (c *Chaos) Active() bool {
	for _, f := range c.faults {
		if f.live() {
			return true
		}
	}
	return false
}

// EmergencyRollback aborts every experiment of the context and waits for
// nothing.
func (c *Chaos) EmergencyRollback(ctx context.Context) error {
	var problems []error
	for _, f := range slices.Backward(c.faults) {
		if !f.state().Phase.Over() {
			problems = append(problems, f.send(ctx, commands.Abort{Reason: "emergency rollback of the test"}))
		}
	}
	return errors.Join(problems...)
}

// Leave rolls back what is in place, last in, first out, waits until each fault
// is seen gone, and verifies recovery. Only the first call does something.
func (c *Chaos) Leave(ctx context.Context) error {
	if c.left {
		return nil
	}
	c.left = true
	var problems []error
	for _, f := range slices.Backward(c.faults) {
		problems = append(problems, f.Rollback(ctx))
	}
	problems = append(problems, c.VerifyRecovery(ctx))
	for _, m := range c.monitors {
		problems = append(problems, m.close(ctx))
	}
	c.keeper.close()
	if c.cfg.Pipeline == nil { // it is our own
		problems = append(problems, c.pipeline.Close())
	}
	return errors.Join(problems...)
}

// VerifyRecovery waits until the system has recovered from what was rolled
// back, as Faultline measured it: services healthy, steady state again, the
// books balanced where they are named. ErrNotRecovered where not.
func (c *Chaos) VerifyRecovery(ctx context.Context) error {
	var problems []error
	for _, f := range slices.Backward(c.faults) {
		if f.wasSeen() {
			problems = append(problems, f.recovered(ctx, time.Duration(c.cfg.Timeout)+warmUp))
		}
	}
	return errors.Join(problems...)
}

// find is the newest fault of a kind on a target.
func (c *Chaos) find(kind string, target spec.TargetName) *Fault {
	for _, f := range slices.Backward(c.faults) {
		if f.fault().Kind == kind && f.fault().Target == target && f.wasSeen() {
			return f
		}
	}
	return nil
}

// warmUp is what policy, first readings and injection may take beside the
// baseline; gone is how long an agent is given to undo what it can undo.
const (
	warmUp = 45 * time.Second
	gone   = 90 * time.Second
	answer = 20 * time.Second
)

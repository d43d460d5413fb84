// Package faults says what a fault is: how it is planned, injected, seen and
// rolled back, and what a receipt of it holds. It keeps no receipts (that is
// ledger) and decides nothing about when.
package faults

import (
	"context"
	"errors"
	"time"

	"github.com/k2-platform/faultline/spec"
)

// ErrRefused marks what a driver will not do: asking again changes nothing.
var ErrRefused = errors.New("refused")

// Driver breaks one kind of thing and mends it again.
//
// Plan has no side effect. Inject and Rollback are idempotent, and return
// once Probe would confirm them; ctx bounds how long they wait. Rollback
// succeeds on a target that was never broken, or is gone. Any value of the
// driver, in any process of this machine, can undo what another one did.
type Driver interface {
	Plan(ctx context.Context, f spec.Fault, t spec.Target) (Receipt, error)
	Inject(ctx context.Context, r Receipt) error
	Rollback(ctx context.Context, r Receipt) error
	Probe(ctx context.Context, r Receipt) (Presence, error)
}

// Receipt is all that is needed to undo a fault: by another process, after a
// crash, without Kafka. It is on disk before Inject is called.
//
// Plan fills Kind, Target, Undo and BootID; the agent sets the rest.
type Receipt struct {
	ID         string            `json:"id"`
	Experiment string            `json:"experiment"`
	Step       string            `json:"step"`
	Kind       string            `json:"kind"`
	Target     string            `json:"target"`
	Undo       map[string]string `json:"undo,omitempty"`
	BootID     string            `json:"boot_id"`
	// Expires is the deadline on CLOCK_BOOTTIME of the boot BootID names. On
	// another boot the receipt has expired.
	Expires time.Duration `json:"expires_ns"`
}

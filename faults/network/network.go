// Package network breaks the traffic of a target in a network namespace: by
// an nftables table that belongs to a process, the keeper, and where bytes are
// to be late or slow by a proxy in that process. It knows nothing of what the
// bytes mean.
package network

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/nftables"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/netns"
	"github.com/k2-platform/faultline/internal/nft"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// Driver breaks a network by one kind of fault.
type Driver struct {
	Kind string
	// Dir is where the records of keepers lie; "" = the system's folder for
	// temporary files.
	Dir string
	// Namespaces finds the namespace of a container or pod; nil: such a target is
	// refused.
	Namespaces Namespaces
	// Keeper is the command of a keeper; none is this program's own.
	Keeper []string
	// Lease is how long a fault outlives the last Keep; 0 is DefaultLease.
	Lease time.Duration
}

// Namespaces finds where the network namespace of a container or pod is bound.
type Namespaces interface {
	// Namespace gives a path such as /proc/4711/ns/net, of a target that names
	// either. One that is not there, or does not run, is faults.ErrRefused.
	Namespace(ctx context.Context, n spec.Network) (path string, err error)
}

var _ faults.Keeper = Driver{}

// DefaultLease is how long a fault outlives the last word of its agent,
// whatever becomes of agent and reaper.
const DefaultLease = 10 * time.Second

// Inject starts a keeper in the target's namespace and returns once its table
// is seen there. A namespace that is gone, or another one at its path, is
// faults.ErrRefused.
func (d Driver) Inject(ctx context.Context, r faults.Receipt) error {
	err := ctx.Err()
	if err == nil {
		err = d.begin(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("injecting %s into %s: %w", r.Kind, r.Target, err)
	}
	return faults.Await(ctx, d, r, faults.Present)
}

// Rollback kills the keeper: the kernel takes its table away. It does so even
// when ctx has ended, since that takes no time; only the look afterwards does.
func (d Driver) Rollback(ctx context.Context, r faults.Receipt) error {
	p, err := placeOf(r)
	if err == nil {
		err = p.end(ctx)
	}
	if err != nil {
		return fmt.Errorf("rolling back %s on %s: %w", r.Kind, r.Target, err)
	}
	if err := faults.Await(ctx, d, r, faults.Absent); err != nil {
		return err
	}
	return p.forget()
}

// Probe looks for the fault's table in the kernel. In a namespace that is gone
// there is none.
func (Driver) Probe(_ context.Context, r faults.Receipt) (faults.Presence, error) {
	seen, err := look(r)
	if err != nil {
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	}
	return seen, nil
}

func look(r faults.Receipt) (seen faults.Presence, err error) {
	p, err := placeOf(r)
	if err != nil {
		return faults.Unseen, err
	}
	keeper, err := p.keeper()
	if err != nil {
		return faults.Unseen, err
	}
	ns, err := p.open()
	if errors.Is(err, errOther) && keeper.Alive() {
		ns, err = netns.Open(fmt.Sprintf("/proc/%d/ns/net", keeper.PID)) // which it keeps alive
	}
	switch {
	case errors.Is(err, errOther) && !keeper.Alive():
		return faults.Absent, nil
	case err != nil:
		return faults.Unseen, err
	}
	defer func() { err = errors.Join(err, ns.Close()) }()
	there, err := nft.Has(ns, nftables.TableFamilyINet, p.table)
	switch {
	case err != nil:
		return faults.Unseen, err
	case there:
		return faults.Present, nil
	}
	return faults.Absent, nil
}

// Keep renews the fault's lease at its keeper.
func (Driver) Keep(_ context.Context, r faults.Receipt) error {
	p, err := placeOf(r)
	var keeper process.Record
	if err == nil {
		keeper, err = p.keeper()
	}
	if err == nil {
		err = process.Signal(keeper, keepSignal)
	}
	if err != nil {
		return fmt.Errorf("keeping %s on %s: %w", r.Kind, r.Target, err)
	}
	return nil
}

// KeepEvery is a third of the lease.
func (d Driver) KeepEvery() time.Duration { return d.lease() / 3 }

func (d Driver) lease() time.Duration {
	if d.Lease > 0 {
		return d.Lease
	}
	return DefaultLease
}

// Package schema breaks what a schema registry of Confluent's API says of a
// subject: it registers versions, and changes compatibility levels.
//
// A registry keeps that, whoever dies: nothing ends such a fault by itself. Its
// receipt says what was there, and whoever has it puts that back. The version
// that the fault registered is deleted softly, so that records which were
// written with it can still be read; its id and number are never used again.
// Nothing is ever deleted for good, and no version of somebody else's at all.
package schema

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// Driver does one of the three kinds.
type Driver struct{ Kind string }

var _ faults.Driver = Driver{}

// Plan asks the registry what is there, and derives what is to be registered.
// It refuses what would change nothing, or what the registry would not take:
// faults.ErrRefused.
func (d Driver) Plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	r, err := d.plan(ctx, f, t)
	return faults.Planned(d.Kind, f, r, err)
}

func (d Driver) plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	k, err := d.kind()
	if err != nil {
		return faults.Receipt{}, err
	}
	if err := k.describe.Check(f, t); err != nil {
		return faults.Receipt{}, err
	}
	subject, err := subjectOf(d.Kind, f, *t.Registry)
	if err != nil {
		return faults.Receipt{}, err
	}
	boot, err := process.BootID()
	if err != nil {
		return faults.Receipt{}, err
	}
	g, err := open(t.Registry.URL)
	if err != nil {
		return faults.Receipt{}, err
	}
	u, err := k.plan(ctx, g, subject, lowering(f.With, *t.Registry))
	if err != nil {
		return faults.Receipt{}, err
	}
	u.registry, u.subject = t.Registry.URL, subject
	undo, err := u.write()
	return faults.Receipt{Kind: d.Kind, Target: string(f.Target), BootID: boot, Undo: undo}, err
}

// lowering says whose level is lowered where the document leaves that to the
// registry.
func lowering(with map[string]string, t spec.Registry) map[string]string {
	if with["lower"] != "" || t.Lower == "" {
		return with
	}
	out := map[string]string{"lower": t.Lower}
	maps.Copy(out, with)
	return out
}

func subjectOf(kind string, f spec.Fault, t spec.Registry) (string, error) {
	switch with := f.With["subject"]; {
	case with != "" && t.Subject != "":
		return "", fmt.Errorf("%w: the target is subject %s already; remove parameter subject", faults.ErrRefused, t.Subject)
	case with == "" && t.Subject == "" && kind != levelKind:
		return "", fmt.Errorf("%w: the target is a whole registry; write subject: NAME, or name a target with a subject", faults.ErrRefused)
	default:
		return t.Subject + with, nil
	}
}

// Inject does what was planned. Where the registry does not take it, or the
// level is no longer what it was, it is faults.ErrRefused.
func (d Driver) Inject(ctx context.Context, r faults.Receipt) error {
	err := ctx.Err()
	if err == nil {
		err = on(r, func(g *registry, u undo) error { return inject(ctx, g, u) })
	}
	if err != nil {
		return fmt.Errorf("injecting %s into %s: %w", r.Kind, r.Target, err)
	}
	return faults.Await(ctx, d, r, faults.Present)
}

func inject(ctx context.Context, g *registry, u undo) error {
	if u.schema == nil {
		return u.put(ctx, g)
	}
	if _, there, err := g.find(ctx, u.subject, *u.schema); there || err != nil {
		return err
	}
	if err := u.put(ctx, g); err != nil {
		return err
	}
	if err := register(ctx, g, u); err != nil {
		return err
	}
	if u.level == nil || u.level.Keep {
		return nil
	}
	return g.setLevel(ctx, u.level.On, u.level.Was)
}

func register(ctx context.Context, g *registry, u undo) error {
	ctx, stop := settled(ctx)
	defer stop()
	_, err := g.client.RegisterSchema(ctx, u.subject, *u.schema, -1, -1)
	var no *sr.ResponseError
	if errors.As(err, &no) && (no.StatusCode == 409 || no.StatusCode == 422) {
		err = errors.Join(faults.ErrRefused, err)
	}
	if err != nil {
		return fmt.Errorf("registering a version of %s: %w", u.subject, err)
	}
	return nil
}

// Rollback deletes the version softly and sets the level back, each only where
// it is still as the fault left it. A registry that does not answer is an
// error: nothing is undone there.
func (d Driver) Rollback(ctx context.Context, r faults.Receipt) error {
	err := on(r, func(g *registry, u undo) error {
		return errors.Join(remove(ctx, g, u), u.back(ctx, g)) // one does not wait for the other
	})
	if err != nil {
		return fmt.Errorf("rolling back %s on %s: %w", r.Kind, r.Target, err)
	}
	return faults.Await(ctx, d, r, faults.Absent)
}

func remove(ctx context.Context, g *registry, u undo) error {
	if u.schema == nil {
		return nil
	}
	found, there, err := g.find(ctx, u.subject, *u.schema)
	if err != nil || !there {
		return err
	}
	ctx, stop := settled(ctx)
	defer stop()
	err = g.client.DeleteSchema(ctx, u.subject, found.Version, sr.SoftDelete)
	if is(err, sr.ErrVersionNotFound, sr.ErrSubjectNotFound, sr.ErrSubjectSoftDeleted, sr.ErrSchemaVersionSoftDeleted) {
		return nil // somebody was quicker
	}
	if err != nil {
		return fmt.Errorf("deleting version %d of %s softly: %w", found.Version, u.subject, err)
	}
	return nil
}

// Probe asks the registry. While it does not answer nobody can say.
func (Driver) Probe(ctx context.Context, r faults.Receipt) (faults.Presence, error) {
	seen := faults.Unseen
	err := on(r, func(g *registry, u undo) (err error) {
		seen, err = look(ctx, g, u)
		return err
	})
	if err != nil {
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	}
	return seen, nil
}

func look(ctx context.Context, g *registry, u undo) (faults.Presence, error) {
	if u.schema != nil {
		if _, there, err := g.find(ctx, u.subject, *u.schema); err != nil {
			return faults.Unseen, err
		} else if there {
			return faults.Present, nil
		}
	}
	if u.level != nil {
		now, err := g.level(ctx, u.level.On)
		if err != nil {
			return faults.Unseen, err
		}
		if u.level.set(now) {
			return faults.Present, nil
		}
	}
	return faults.Absent, nil
}

func on(r faults.Receipt, do func(*registry, undo) error) error {
	u, err := read(r.Undo)
	if err != nil {
		return fmt.Errorf("reading receipt %s: %w; nothing was touched, look at the registry by hand", r.ID, err)
	}
	g, err := open(u.registry)
	if err != nil {
		return err
	}
	return do(g, u)
}

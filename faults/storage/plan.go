package storage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/storage/catalog"
	"github.com/k2-platform/faultline/faults/storage/iceberg"
	"github.com/k2-platform/faultline/faults/storage/object"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// Plan reads what is to be broken, and notes by hash what it is and what it is
// to become.
func (d Driver) Plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	r, err := d.plan(ctx, f, t)
	if errors.Is(err, object.ErrNone) || errors.Is(err, object.ErrDenied) || errors.Is(err, catalog.ErrNoTable) || errors.Is(err, os.ErrNotExist) {
		err = errors.Join(faults.ErrRefused, err)
	}
	return faults.Planned(Kind, f, r, err)
}

func (d Driver) plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	if err := Describe().Check(f, t); err != nil {
		return faults.Receipt{}, err
	}
	boot, err := process.BootID()
	if err != nil {
		return faults.Receipt{}, err
	}
	dir := d.Dir
	if dir == "" {
		dir = os.TempDir()
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return faults.Receipt{}, err
	}
	u := undo{
		asked: askedBy(f.With), namespace: t.Table.Namespace, table: t.Table.Name, catalog: d.Lake,
		copies: filepath.Join(dir, copiesPrefix+rand.Text()),
	}
	if t.Table.Catalog != nil {
		u.catalog = *t.Table.Catalog
	}
	if u.catalog.Kind == "" {
		return faults.Receipt{}, fmt.Errorf("%w: nothing says which catalog has the table; write catalog: {kind, uri, warehouse} on the target", faults.ErrRefused)
	}
	if err := u.find(ctx); err != nil {
		return faults.Receipt{}, err
	}
	undo, err := u.write()
	return faults.Receipt{Kind: Kind, Target: string(f.Target), BootID: boot, Undo: undo}, err
}

// find looks up the table and what of it is to be broken.
func (u *undo) find(ctx context.Context) (err error) {
	c, err := catalog.Open(ctx, u.catalog)
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("%w: %w; run the agent as a user who may write the table", faults.ErrRefused, err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if _, moves := c.(catalog.Mover); u.what == pointer && !moves {
		return fmt.Errorf("%w: a %s catalog cannot move a pointer back only if nobody has moved it on, so it is not moved at all; break the metadata instead",
			faults.ErrRefused, u.catalog.Kind)
	}
	if u.catalog.Kind == "hadoop" && u.what == metadata && u.how == remove {
		return fmt.Errorf("%w: in a hadoop catalog a writer would take the name of the version that is removed, and its rows were lost; truncate or flip it instead", faults.ErrRefused)
	}
	if u.Current, err = c.Pointer(ctx, u.namespace, u.table); err != nil {
		return err
	}
	s, err := object.Of(u.Current, "", u.catalog.Store)
	if err != nil {
		return err
	}
	defer s.Close()
	raw, err := object.Load(ctx, s, u.Current, mostMetadata)
	if err != nil {
		return err
	}
	m, err := iceberg.Parse(raw)
	if err != nil {
		return fmt.Errorf("%w: the table is broken already: %s: %w", faults.ErrRefused, u.Current, err)
	}
	if u.what == pointer {
		return u.findVersion(ctx, s, raw, m)
	}
	all, err := u.choose(ctx, s, u.Current, m)
	for _, at := range all {
		if err == nil {
			err = u.add(ctx, s, at)
		}
	}
	return err
}

// add measures an object that is to be broken.
func (u *undo) add(ctx context.Context, s object.Store, at string) error {
	r, info, err := s.Read(ctx, at)
	if err != nil {
		return err
	}
	if info.Size > mostObject || info.Size == 0 && u.how != remove {
		return errors.Join(fmt.Errorf("%w: %s is of %d bytes; what has between 1 and %d can be broken", faults.ErrRefused, at, info.Size, mostObject), r.Close())
	}
	was, now, err := measure(r, u.asked, info.Size)
	if err = errors.Join(err, r.Close()); err != nil {
		return fmt.Errorf("reading %s: %w", at, err)
	}
	u.Parts = append(u.Parts, part{At: at, Was: was, Now: now, Headers: info.Headers})
	return nil
}

const mostObject = 1 << 30 // bytes: a copy of it goes to the agent's disk

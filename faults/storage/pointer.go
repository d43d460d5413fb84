package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/google/uuid"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/storage/catalog"
	"github.com/k2-platform/faultline/faults/storage/iceberg"
	"github.com/k2-platform/faultline/faults/storage/object"
)

// findVersion finds where the pointer is to be moved: to the newest version
// with other rows, or to one that nobody committed. The current one is kept:
// it says which rows there were.
func (u *undo) findVersion(ctx context.Context, s object.Store, raw []byte, m iceberg.Metadata) error {
	head, ok := m.Head()
	if !ok {
		return fmt.Errorf("%w: the table is empty, it has no snapshot and so no other version; write rows first", faults.ErrRefused)
	}
	was, err := object.Measure(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	u.Parts = []part{{At: u.Current, Was: was, Now: was}}
	if u.how == orphan {
		return u.findOrphan(raw)
	}
	for _, at := range m.Older() {
		older, err := object.Load(ctx, s, at, mostMetadata)
		if errors.Is(err, object.ErrNone) {
			continue // versions are cleaned up
		}
		if err != nil {
			return err
		}
		v, err := iceberg.Parse(older)
		if err != nil {
			return fmt.Errorf("reading %s: %w", at, err)
		}
		if h, ok := v.Head(); !ok || h.ID != head.ID {
			u.Set = at
			return nil
		}
	}
	return fmt.Errorf("%w: no older version of the table is left; write how: orphan", faults.ErrRefused)
}

// findOrphan names the orphan by its content: planned again it is the same.
func (u *undo) findOrphan(raw []byte) error {
	made, err := iceberg.Orphan(raw)
	if err != nil {
		return err
	}
	now, err := object.Measure(bytes.NewReader(made))
	if err != nil {
		return err
	}
	folder, file := u.Current[:strings.LastIndexByte(u.Current, '/')+1], path.Base(u.Current)
	version, _, _ := strings.Cut(file, "-")
	u.Set = folder + version + "-" + uuid.NewSHA1(uuid.NameSpaceURL, []byte(u.Current+now.SHA256)).String() + ".metadata.json"
	u.Parts = append(u.Parts, part{At: u.Set, Now: now})
	return nil
}

// orphan is the version that nobody committed.
func (w *work) orphan() object.Content {
	return object.Content{Form: w.Parts[1].Now, Open: func() (io.ReadCloser, error) {
		raw, err := os.ReadFile(w.copyOf(w.Parts[0].Was))
		if err != nil {
			return nil, err
		}
		made, err := iceberg.Orphan(raw)
		return io.NopCloser(bytes.NewReader(made)), err
	}}
}

func (w *work) move(ctx context.Context) error {
	if w.how == orphan {
		if err := w.store.Swap(ctx, w.Set, object.Content{}, w.orphan()); err != nil {
			return fmt.Errorf("writing the orphan: %w", err)
		}
	}
	return w.moveFrom(ctx, w.Current, w.Set)
}

func (w *work) moveFrom(ctx context.Context, from, to string) error {
	return w.withCatalog(ctx, func(c catalog.Catalog) error {
		m, ok := c.(catalog.Mover)
		if !ok {
			return fmt.Errorf("%w: a %s catalog cannot move a pointer back", faults.ErrRefused, w.catalog.Kind)
		}
		return m.Move(ctx, w.namespace, w.table, from, to)
	})
}

// astray is 1 while the pointer is where Faultline moved it, or has moved on
// from there without the rows that there were.
func (w *work) astray(ctx context.Context) (int, error) {
	at, err := w.at(ctx)
	switch {
	case errors.Is(err, catalog.ErrNoTable):
		return 0, nil
	case err != nil:
		return 0, err
	case at == w.Current:
		return 0, nil
	case at == w.Set:
		return 1, nil
	}
	if err = w.succeeded(ctx); errors.Is(err, iceberg.ErrLost) {
		return 1, nil
	}
	return 0, err
}

// moveBack moves the pointer back if it is where Faultline moved it. One that
// moved on stays: it was overtaken, and is well once no row is missing.
func (w *work) moveBack(ctx context.Context) error {
	at, err := w.at(ctx)
	if err == nil && at == w.Set {
		if is, _, err := object.Look(ctx, w.store, w.Current); err != nil || is != w.Parts[0].Was {
			return errors.Join(fmt.Errorf("%s is not what it was, so the pointer was not moved back to it", w.Current), err)
		}
		err = w.moveFrom(ctx, w.Set, w.Current)
		at = w.Current
	}
	switch {
	case errors.Is(err, catalog.ErrNoTable):
		return w.removeOrphan(ctx)
	case err != nil && !errors.Is(err, catalog.ErrMoved):
		return err
	case err == nil && at == w.Current:
		return w.removeOrphan(ctx)
	}
	if err := w.await(ctx, w.succeeded); err != nil {
		return fmt.Errorf("overtaken: somebody committed while the pointer was at %s, and it stays where it is: %w", w.Set, err)
	}
	return nil // the orphan stays: the table's history names it
}

func (w *work) removeOrphan(ctx context.Context) error {
	if w.how != orphan {
		return nil
	}
	err := w.store.Swap(ctx, w.Set, w.orphan(), object.Content{})
	if errors.Is(err, object.ErrChanged) || errors.Is(err, object.ErrNone) {
		return nil // somebody else's
	}
	if err != nil {
		return fmt.Errorf("removing the orphan: %w", err)
	}
	return nil
}

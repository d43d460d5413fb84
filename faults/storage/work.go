package storage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/storage/catalog"
	"github.com/k2-platform/faultline/faults/storage/iceberg"
	"github.com/k2-platform/faultline/faults/storage/object"
	"github.com/k2-platform/faultline/internal/process"
)

const (
	lockFile   = "lock"
	claimTime  = 2 * time.Second // how long a rollback waits for an injection under way
	claimEvery = 5 * time.Millisecond
)

// work is a receipt with what it takes to act on it.
type work struct {
	undo
	store object.Store
}

func open(_ context.Context, r faults.Receipt) (*work, error) {
	u, err := undoOf(r)
	if err != nil {
		return nil, err
	}
	s, err := object.Of(u.Parts[0].At, strings.TrimPrefix(filepath.Base(u.copies), copiesPrefix), u.catalog.Store)
	if err != nil {
		return nil, err
	}
	return &work{u, s}, nil
}

func (w *work) close() { w.store.Close() }

// at is where the table's pointer is now.
func (w *work) at(ctx context.Context) (at string, err error) {
	err = w.withCatalog(ctx, func(c catalog.Catalog) (err error) {
		at, err = c.Pointer(ctx, w.namespace, w.table)
		return err
	})
	return at, err
}

func (w *work) withCatalog(ctx context.Context, do func(catalog.Catalog) error) error {
	c, err := catalog.Open(ctx, w.catalog)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: %w", catalog.ErrNoTable, err)
	}
	if err != nil {
		return err
	}
	return errors.Join(do(c), c.Close())
}

// claim keeps others out of the copies while objects are broken by them, or
// while they are removed. It waits for one who has them, in vain for one who is
// frozen.
func (w *work) claim(ctx context.Context) (release func() error, err error) {
	if err := os.MkdirAll(w.copies, 0o700); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(claimTime); ; {
		release, err := w.claimOnce()
		if err == nil || !errors.Is(err, process.ErrClaimed) || time.Now().After(deadline) {
			return release, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(claimEvery):
		}
	}
}

// claimOnce looks again: who had the lock before may have removed it, and then
// it keeps nobody out.
func (w *work) claimOnce() (release func() error, err error) {
	path := filepath.Join(w.copies, lockFile)
	release, err = process.Claim(path, Kind)
	if err != nil {
		return nil, err
	}
	second, err := process.Claim(path, Kind)
	if errors.Is(err, process.ErrClaimed) {
		return release, nil
	}
	if err == nil {
		err = errors.Join(process.ErrClaimed, second())
	}
	return nil, errors.Join(err, release())
}

// broken counts what Faultline has broken and is not mended. What somebody
// else wrote is none of it if nothing is lost by it, else an error.
func (w *work) broken(ctx context.Context) (int, error) {
	if w.what == pointer {
		return w.astray(ctx)
	}
	n := 0
	for _, p := range w.Parts {
		is, _, err := object.Look(ctx, w.store, p.At)
		if err != nil {
			return 0, err
		}
		switch {
		case is == p.Now && is.Gone() && w.store.Nowhere(p.At): // the table is gone, and the fault with it
		case is == p.Now:
			n++
		case is == p.Was, is.Gone():
		default:
			if err := w.recheck(ctx, p); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

// was is the table's metadata when the fault was planned: from its copy, or
// from where it was if there is none.
func (w *work) was(ctx context.Context) (iceberg.Metadata, error) {
	p := w.Parts[0]
	is, _, err := object.Look(ctx, w.store, p.At)
	if err != nil {
		return iceberg.Metadata{}, err
	}
	read := func() ([]byte, error) { return object.Load(ctx, w.store, p.At, mostMetadata) }
	if is != p.Was {
		err = verify(w.copyOf(p.Was), p.Was)
		read = func() ([]byte, error) { return os.ReadFile(w.copyOf(p.Was)) }
	}
	if err != nil {
		return iceberg.Metadata{}, err
	}
	raw, err := read()
	if err != nil {
		return iceberg.Metadata{}, err
	}
	return iceberg.Parse(raw)
}

// succeeded says that no row is missing from the table as it is now that was
// there when the fault was planned: iceberg.ErrLost.
func (w *work) succeeded(ctx context.Context) error {
	at, err := w.at(ctx)
	if errors.Is(err, catalog.ErrNoTable) {
		return nil
	}
	if err != nil {
		return err
	}
	raw, err := object.Load(ctx, w.store, at, mostMetadata)
	if err != nil {
		return err
	}
	now, err := iceberg.Parse(raw)
	if err != nil {
		return fmt.Errorf("reading %s: %w", at, err)
	}
	was, err := w.was(ctx)
	if err != nil {
		return err
	}
	return now.Succeeds(was)
}

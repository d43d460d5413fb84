package storage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/storage/catalog"
	"github.com/k2-platform/faultline/faults/storage/object"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

const commitEvery = 20 * time.Millisecond // how often it is looked whether one came

// Inject copies all that it is going to break, then breaks it. Where the table
// has moved on since the plan, it first chooses anew from the table as it is,
// and writes that down beside the copies. A copy that cannot be made, an object
// that is another one while its table is not, a table that moves on faster
// than it can be broken: faults.ErrRefused.
func (d Driver) Inject(ctx context.Context, r faults.Receipt) error {
	err := ctx.Err()
	if err == nil {
		err = inject(ctx, r, cmp.Or(d.Commit, DefaultCommit))
	}
	if errors.Is(err, object.ErrChanged) || errors.Is(err, object.ErrDenied) || errors.Is(err, object.ErrNone) || errors.Is(err, catalog.ErrMoved) {
		err = errors.Join(faults.ErrRefused, err)
	}
	if err != nil {
		return fmt.Errorf("injecting %s into %s: %w", r.Kind, r.Target, err)
	}
	return nil
}

func inject(ctx context.Context, r faults.Receipt, commit time.Duration) (err error) {
	w, err := open(ctx, r)
	if err != nil {
		return err
	}
	defer w.close()
	release, err := w.claim(ctx)
	if errors.Is(err, process.ErrClaimed) {
		return err
	}
	if err != nil {
		return fmt.Errorf("%w: nothing was broken, as no copy can be made in %s: %w", faults.ErrRefused, filepath.Dir(w.copies), err)
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := w.recall(); err != nil {
		return err
	}
	return w.chase(ctx, commit)
}

// put makes the fault of what is chosen.
func (w *work) put(ctx context.Context, commit time.Duration) error {
	if err := w.keep(ctx); err != nil {
		return err
	}
	if w.what == pointer {
		return w.move(ctx)
	}
	return w.spoil(ctx, commit)
}

func (w *work) spoil(ctx context.Context, commit time.Duration) error {
	if err := w.stillCurrent(ctx); err != nil {
		return err
	}
	for _, p := range w.Parts {
		if err := w.store.Swap(ctx, p.At, w.whole(p), w.spoilt(p)); err != nil {
			return fmt.Errorf("breaking %s: %w", p.At, err)
		}
	}
	if err := w.staysCurrent(ctx, commit); err != nil {
		return err
	}
	n, err := w.broken(ctx)
	if err == nil && n < len(w.Parts) {
		err = fmt.Errorf("only %d of %d objects are seen broken", n, len(w.Parts))
	}
	return err
}

// staysCurrent looks for a while: who had read the table before it was broken
// may be about to commit.
func (w *work) staysCurrent(ctx context.Context, commit time.Duration) error {
	if w.what != metadata && w.what != manifestList {
		return nil
	}
	for deadline := time.Now().Add(commit); ; {
		if err := w.stillCurrent(ctx); err != nil || time.Now().After(deadline) {
			return err
		}
		if !pause.For(ctx, commitEvery) {
			return ctx.Err()
		}
	}
}

// stillCurrent says that what is broken is what readers come by first. A
// catalog that does not answer may itself have tried to read it, and in a
// directory the newest version is no longer the newest once it is removed.
func (w *work) stillCurrent(ctx context.Context) error {
	if w.what != metadata && w.what != manifestList {
		return nil
	}
	at, err := w.at(ctx)
	if err != nil || at == w.Current {
		return nil //nolint:nilerr // as said above
	}
	if is, _, err := object.Look(ctx, w.store, w.Current); err == nil && is.Gone() && w.catalog.Kind == spec.HadoopCatalog {
		return nil
	}
	return fmt.Errorf("%w since the fault was planned, to %s: readers would not notice", catalog.ErrMoved, at)
}

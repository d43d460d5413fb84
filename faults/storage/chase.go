package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/storage/catalog"
	"github.com/k2-platform/faultline/faults/storage/iceberg"
	"github.com/k2-platform/faultline/faults/storage/object"
)

// chaseFor is how long an injection runs after a table that is written to.
const chaseFor = 10 * time.Second

// chase tries until the table has not moved on meanwhile. Of what it tried in
// vain nothing is left, and one try at a time is on disk before it begins.
func (w *work) chase(ctx context.Context, commit time.Duration) error {
	for deadline := time.Now().Add(chaseFor); ; {
		err := w.put(ctx, commit)
		if err == nil || ctx.Err() != nil || !w.overtaken(ctx, err) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("trying for %v: %w; break manifest or data, which later versions keep, or have its writers commit less often", chaseFor, err)
		}
		if problem := w.again(ctx); problem != nil {
			return errors.Join(err, problem)
		}
	}
}

// overtaken says that a try failed only since somebody committed.
func (w *work) overtaken(ctx context.Context, err error) bool {
	if errors.Is(err, catalog.ErrMoved) {
		return true
	}
	if !errors.Is(err, object.ErrChanged) && !errors.Is(err, object.ErrNone) {
		return false
	}
	at, err := w.at(ctx)
	return err == nil && at != w.Current
}

// again takes back what the last try did, and chooses from the table as it is.
func (w *work) again(ctx context.Context) error {
	if err := w.takeBack(ctx); err != nil {
		return err
	}
	next := w.undo
	next.chosen = chosen{}
	if err := next.find(ctx); err != nil {
		return fmt.Errorf("choosing again what to break: %w", err)
	}
	return w.replace(next.chosen)
}

func (w *work) takeBack(ctx context.Context) error {
	if w.what == pointer {
		return w.forget(ctx)
	}
	return errors.Join(w.restore(ctx), w.sweep(ctx))
}

// forget leaves a pointer that somebody else has moved on, unless that was
// from where Faultline had moved it and rows are missing since: then this
// fault is to be undone, and not another one made.
func (w *work) forget(ctx context.Context) error {
	if copied := verify(w.copyOf(w.Parts[0].Was), w.Parts[0].Was) == nil; !copied {
		return nil // and so nothing was moved
	}
	if n, err := w.astray(ctx); err != nil || n > 0 {
		return errors.Join(err, fmt.Errorf("%w: this fault has moved the pointer already", faults.ErrRefused))
	}
	if w.how != orphan {
		return nil
	}
	at, err := w.at(ctx)
	if err != nil {
		return err
	}
	raw, err := object.Load(ctx, w.store, at, mostMetadata)
	if err != nil {
		return err
	}
	m, err := iceberg.Parse(raw)
	if err != nil || slices.Contains(m.Older(), w.Set) {
		return err
	}
	return errors.Join(w.removeOrphan(ctx), w.sweep(ctx))
}

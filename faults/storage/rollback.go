package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/storage/iceberg"
	"github.com/k2-platform/faultline/faults/storage/object"
	"github.com/k2-platform/faultline/internal/pause"
)

const (
	swaps        = 5 // looks at an object that others write at the same time
	recheckFor   = 5 * time.Second
	recheckEvery = 100 * time.Millisecond
)

// Rollback puts back, byte for byte from its copy, what still is as Faultline
// made it; all else it leaves alone. What somebody else wrote meanwhile is
// looked at: where rows are lost by it, or it cannot be read, that is an
// error, and asking again looks again. So is a copy that is damaged.
func (Driver) Rollback(ctx context.Context, r faults.Receipt) error {
	err := ctx.Err()
	if err == nil {
		err = rollback(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("rolling back %s on %s: %w", r.Kind, r.Target, err)
	}
	return nil
}

func rollback(ctx context.Context, r faults.Receipt) (err error) {
	w, err := open(ctx, r)
	if err != nil {
		return err
	}
	defer w.close()
	release, claimed := w.claim(ctx)
	if err := w.recall(); err != nil {
		if claimed == nil {
			err = errors.Join(err, release())
		}
		return err
	}
	if w.what == pointer {
		err = w.moveBack(ctx)
	} else {
		err = w.restore(ctx)
	}
	if claimed != nil {
		return err // who is frozen while it injects may go on, and then needs the copies
	}
	if err != nil {
		return errors.Join(err, release())
	}
	return errors.Join(w.sweep(ctx), removed(ctx, w.copies), release())
}

// removed takes a folder away in which others may be about to claim the same:
// they make the file of the lock anew while it is emptied.
func removed(ctx context.Context, folder string) error {
	for deadline := time.Now().Add(claimTime); ; {
		err := os.RemoveAll(folder)
		if !errors.Is(err, unix.ENOTEMPTY) || time.Now().After(deadline) || !pause.For(ctx, claimEvery) {
			return err
		}
	}
}

func (w *work) sweep(ctx context.Context) error {
	places := make([]string, len(w.Parts))
	for i, p := range w.Parts {
		places[i] = p.At
	}
	return w.store.Sweep(ctx, places)
}

// restore mends each object and goes on past failures.
func (w *work) restore(ctx context.Context) error {
	var problems []error
	for _, p := range w.Parts {
		if err := w.mend(ctx, p); err != nil {
			problems = append(problems, fmt.Errorf("restoring %s: %w", p.At, err))
		}
	}
	return errors.Join(problems...)
}

func (w *work) mend(ctx context.Context, p part) error {
	for try := 1; ; try++ {
		is, _, err := object.Look(ctx, w.store, p.At)
		switch {
		case err != nil:
			return err
		case is == p.Was:
			return nil
		case is == p.Now:
		case is.Gone():
			return nil // somebody removed it: it goes out of use, and so does the fault
		default:
			return w.await(ctx, func(ctx context.Context) error { return w.recheck(ctx, p) })
		}
		if err := verify(w.copyOf(p.Was), p.Was); err != nil {
			return fmt.Errorf("nothing was overwritten: %w", err)
		}
		err = w.store.Swap(ctx, p.At, w.spoilt(p), w.whole(p))
		if errors.Is(err, object.ErrNone) {
			return nil // its folder or bucket is gone
		}
		if !errors.Is(err, object.ErrChanged) || try == swaps {
			return err
		}
	}
}

// recheck looks at an object that is neither what it was nor what Faultline
// made of it: it is not to be overwritten, and is to be of use.
func (w *work) recheck(ctx context.Context, p part) error {
	raw, err := object.Load(ctx, w.store, p.At, mostObject)
	if errors.Is(err, object.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	switch w.what {
	case metadata:
		if _, err = iceberg.Parse(raw); err == nil {
			err = w.succeeded(ctx)
		}
	case manifestList:
		_, err = iceberg.Manifests(bytes.NewReader(raw))
	case manifest:
		_, err = iceberg.Files(bytes.NewReader(raw))
	case data:
		err = usable(raw)
	}
	if err != nil {
		return fmt.Errorf("%s is neither what it was nor what Faultline wrote, and was left alone: %w", p.At, err)
	}
	return nil
}

// usable takes Parquet by its ends, ORC and Avro by their heads.
func usable(raw []byte) error {
	parquet := []byte("PAR1")
	if bytes.HasPrefix(raw, parquet) && bytes.HasSuffix(raw, parquet) || bytes.HasPrefix(raw, []byte("ORC")) || bytes.HasPrefix(raw, []byte("Obj\x01")) {
		return nil
	}
	return errors.New("it is no data file")
}

// await gives writers a while to come so far again. What was last found out
// is the answer, and not that time was up while it was looked again.
func (w *work) await(ctx context.Context, check func(context.Context) error) error {
	var last error
	for deadline := time.Now().Add(recheckFor); ; {
		err := check(ctx)
		if err != nil && ctx.Err() != nil {
			return errors.Join(ctx.Err(), last, err)
		}
		if err == nil || time.Now().After(deadline) {
			return err
		}
		last = err
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(recheckEvery):
		}
	}
}

package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/storage/object"
	"github.com/k2-platform/faultline/internal/process"
)

// A copy is named by the hash of what it is a copy of, so that none can be
// taken for another.
func (u undo) copyOf(f object.Form) string { return filepath.Join(u.copies, f.SHA256) }

// keep has a verified copy of each object on disk. It changes no object.
func (w *work) keep(ctx context.Context) error {
	for _, p := range w.Parts {
		if p.Was.Gone() || verify(w.copyOf(p.Was), p.Was) == nil {
			continue
		}
		if err := w.copy(ctx, p); err != nil {
			return fmt.Errorf("%w: nothing was broken, as there is no copy of %s: %w", faults.ErrRefused, p.At, err)
		}
	}
	return errors.Join(process.SyncDir(w.copies), process.SyncDir(filepath.Dir(w.copies)))
}

func (w *work) copy(ctx context.Context, p part) error {
	r, err := w.source(ctx, p)
	if err != nil {
		return err
	}
	err = process.ReplaceFile(w.copyOf(p.Was), 0o600, func(out io.Writer) error {
		_, err := io.Copy(out, r)
		return err
	})
	if err = errors.Join(err, r.Close()); err != nil {
		return err
	}
	return verify(w.copyOf(p.Was), p.Was) // read from the disk again
}

// source is the object; where another fault has broken it the same way
// already, the copy of that one.
func (w *work) source(ctx context.Context, p part) (io.ReadCloser, error) {
	is, _, err := object.Look(ctx, w.store, p.At)
	if err != nil {
		return nil, err
	}
	if is == p.Was {
		r, _, err := w.store.Read(ctx, p.At)
		return r, err
	}
	if is == p.Now {
		others, err := filepath.Glob(filepath.Join(filepath.Dir(w.copies), copiesPrefix+"*", p.Was.SHA256))
		for _, path := range others {
			if verify(path, p.Was) == nil {
				return os.Open(path) //nolint:gosec // it was found below the agent's own folder
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("it is not what it was when the fault was planned: %w", object.ErrChanged)
}

// verify reads a copy to its end.
func verify(path string, want object.Form) error {
	f, err := os.Open(path) //nolint:gosec // the receipt names it
	if err != nil {
		return fmt.Errorf("verifying the copy: %w", err)
	}
	is, err := object.Measure(f)
	if err == nil && is != want {
		err = fmt.Errorf("it has hash %s and not %s", is.SHA256, want.SHA256)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("verifying the copy %s: %w", path, err)
	}
	return nil
}

// whole is an object as it was, from its copy.
func (w *work) whole(p part) object.Content {
	return object.Content{Form: p.Was, Headers: p.Headers, Open: func() (io.ReadCloser, error) { return os.Open(w.copyOf(p.Was)) }}
}

// spoilt is what Faultline makes of it.
func (w *work) spoilt(p part) object.Content {
	return object.Content{Form: p.Now, Headers: p.Headers, Open: func() (io.ReadCloser, error) {
		f, err := os.Open(w.copyOf(p.Was))
		if err != nil {
			return nil, err
		}
		return tail{damaged(f, w.how, p.Was.Size, w.seed), f}, nil
	}}
}

package checks

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/k2-platform/faultline/internal/lake"
)

// Files expects every file that any snapshot needs to be there, of the size
// that its manifest states; and of each Parquet file as many rows in its footer
// as the manifest has. Its memory grows with the number of files, by 16 bytes
// each.
type Files struct {
	// AtOnce is how many files are asked for at a time, 16 where it is 0.
	AtOnce int
}

// Name implements Check.
func (Files) Name() string { return "files_present" }

// Run implements Check.
func (f Files) Run(ctx context.Context, in Input) ([]Result, error) {
	if f.AtOnce <= 0 {
		f.AtOnce = 16
	}
	var seen int64
	wrong, cost, err := still(ctx, in, func(a *lake.Anatomy) (examples, Cost, error) {
		w := walk{Anatomy: a, look: newInspectors(ctx, a, f.AtOnce), seen: places{}}
		w.snapshots(ctx, in.later(a))
		err := w.look.wait()
		seen = int64(len(w.seen))
		return w.look.wrong, Cost{Rows: seen, Bytes: w.read}, err
	})
	if err != nil {
		return nil, err
	}
	r := wrong.result(fmt.Sprintf("%d files of %s are there, of the sizes and rows that the manifests state", seen, in.Name))
	r.Cost = cost
	return []Result{r}, nil
}

// walk goes over the snapshots of a table, and hands each file on once.
type walk struct {
	*lake.Anatomy
	look *inspectors
	seen places
	read int64
}

func (w *walk) snapshots(ctx context.Context, window []lake.AnatomySnapshot) {
	for _, s := range window {
		if s.List != "" {
			w.seen.first(s.List)
		}
		manifests, err := w.Manifests(ctx, s)
		if err != nil {
			w.look.report(fmt.Sprintf("snapshot %d", s.ID), err)
			continue
		}
		for _, m := range manifests {
			if w.seen.first(m.Path) {
				w.look.size(m.Path, m.Size, -1)
				w.manifest(ctx, m)
			}
		}
	}
}

func (w *walk) manifest(ctx context.Context, m lake.Manifest) {
	var rows int64
	read, err := w.Files(ctx, m, func(f lake.TableFile) error {
		rows += f.Rows
		if w.seen.first(f.Path) {
			stated := f.Rows
			if !f.Parquet {
				stated = -1
			}
			w.look.size(f.Path, f.Size, stated)
		}
		return ctx.Err()
	})
	w.read += read
	switch {
	case err != nil:
		w.look.report("a manifest", err)
	case m.Added >= 0 && m.Existing >= 0 && rows != m.Added+m.Existing:
		w.look.say(fmt.Sprintf("manifest %s lists files of %d rows, and its list says %d", m.Path, rows, m.Added+m.Existing))
	}
}

// inspectors look at files, several at a time.
type inspectors struct {
	ctx   context.Context //nolint:containedctx // of one look
	table *lake.Anatomy
	gate  chan struct{}
	all   sync.WaitGroup

	mu    sync.Mutex
	wrong examples
	away  error // the store did not answer
}

func newInspectors(ctx context.Context, a *lake.Anatomy, atOnce int) *inspectors {
	return &inspectors{ctx: ctx, table: a, gate: make(chan struct{}, atOnce)}
}

// size looks whether a file is there as stated; rows below 0 are not stated.
// It blocks while enough files are being looked at.
func (i *inspectors) size(path string, size, rows int64) {
	i.gate <- struct{}{}
	i.all.Go(func() {
		defer func() { <-i.gate }()
		found, err := i.table.Stat(i.ctx, path)
		switch {
		case errors.Is(err, lake.ErrNoFile):
			i.say(path + " is missing")
		case err != nil:
			i.report(path, err)
		case found.Size != size:
			i.say(fmt.Sprintf("%s has %d bytes, stated are %d", path, found.Size, size))
		case rows >= 0:
			i.rows(path, rows)
		}
	})
}

func (i *inspectors) rows(path string, stated int64) {
	found, err := i.table.Rows(i.ctx, path)
	switch {
	case err != nil:
		i.report(path, err)
	case found != stated:
		i.say(fmt.Sprintf("%s has %d rows, stated are %d", path, found, stated))
	}
}

func (i *inspectors) say(what string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.wrong.add("%s", what)
}

// report takes an error for damage, unless it is one of the way to the file.
func (i *inspectors) report(what string, err error) {
	if away := only(err); away != nil {
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.away == nil {
			i.away = fmt.Errorf("looking at %s: %w", what, away)
		}
		return
	}
	i.say(fmt.Sprintf("%s: %v", what, err))
}

func (i *inspectors) wait() error {
	i.all.Wait()
	return i.away
}

package sources

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/checks"
	"github.com/k2-platform/faultline/projections/digest"
)

// rowSide is the table's side of a window; all of its rows, or those that are to
// be as the log has them.
type rowSide struct {
	*Compared
	all bool
}

// Read implements checks.Side. Where the owner of the table has expired a
// snapshot of the window, or removed rows since, nothing says any more which rows
// came in it: then they are those whose keys the log has in it.
func (s rowSide) Read(ctx context.Context, worker func() func(checks.Record) error) (checks.Cost, error) {
	if s.Window.Snapshot == 0 {
		return checks.Cost{}, nil
	}
	left := &leftOut{}
	if !s.all {
		var err error
		if left, err = s.leave(ctx); err != nil {
			return checks.Cost{}, err
		}
	}
	cost, err := s.read(ctx, worker, s.Window.After, func(key []byte) bool { return !left.key(key) })
	if s.Window.After == 0 || cost.Rows > 0 || !errors.Is(err, audit.ErrGone) && !errors.Is(err, lake.ErrNotAppended) {
		return cost, err
	}
	keys, err := s.sent(ctx)
	if err != nil {
		return cost, fmt.Errorf("finding the rows of the window by the keys of the log: %w", err)
	}
	return s.read(ctx, worker, 0, func(key []byte) bool {
		_, ours := slices.BinarySearchFunc(keys, digest.Of(key), bySum)
		return ours && !left.key(key)
	})
}

func (s rowSide) read(ctx context.Context, worker func() func(checks.Record) error, after int64, wanted func(key []byte) bool) (checks.Cost, error) {
	workers := runtime.GOMAXPROCS(0)
	each, buffers := make([]func(checks.Record) error, workers), make([][]byte, workers)
	for i := range each {
		each[i] = worker()
	}
	var rows atomic.Int64
	table := Table{s.Lake, s.Books.Namespace, s.Books.Table, s.columns, s.keys}
	err := table.Rows(ctx, audit.Rows{Snapshot: s.Window.Snapshot, After: after, Moments: s.Window.Moments, Workers: workers},
		func(worker int, f audit.Forms) error {
			if !s.Window.Moments.Has(f, s.keys) || !wanted(f.Key) {
				return nil
			}
			rows.Add(1)
			buffers[worker] = append(append(buffers[worker][:0], f.Key...), f.Values...)
			forms := buffers[worker]
			return each[worker](checks.Record{Key: forms[:len(f.Key)], Values: forms})
		})
	return checks.Cost{Rows: rows.Load()}, err
}

// sent are the keys of the records of the window, in order: 16 bytes each.
func (c *Compared) sent(ctx context.Context) ([]digest.Sum, error) {
	var mu sync.Mutex
	var all []*[]digest.Sum
	_, err := logSide{c}.Read(ctx, func() func(checks.Record) error {
		own := &[]digest.Sum{}
		mu.Lock()
		all = append(all, own)
		mu.Unlock()
		return func(r checks.Record) error {
			*own = append(*own, digest.Of(r.Key))
			return nil
		}
	})
	var out []digest.Sum
	for _, own := range all {
		out = append(out, *own...)
	}
	slices.SortFunc(out, bySum)
	return out, err
}

func bySum(a, b digest.Sum) int {
	switch {
	case a.Hi < b.Hi || a.Hi == b.Hi && a.Lo < b.Lo:
		return -1
	case a == b:
		return 0
	}
	return 1
}

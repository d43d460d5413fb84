package query

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/sink"
)

// doubtAfter is how long the catalog may take before the file that it named
// last is read beside it, again and again for as long as it takes.
const doubtAfter = lookWithin / 4

// inspect asks the catalog. One that cannot read the current metadata file may
// not say so: Iceberg's own REST catalog reads it again and again, and answers
// nothing meanwhile, as one does that is away. So the file is looked at from
// here: its damage is the answer then. An answer of the catalog counts first.
func (s *storage) inspect(ctx context.Context) (lake.Info, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan struct{})
	var doubting sync.WaitGroup
	var damage error
	doubting.Go(func() { damage = s.doubt(ctx, failed) })
	info, err := s.source.Inspect(ctx, sink.Namespace, sink.Table)
	if !errors.Is(judged(ctx, err), errNoStore) {
		stop()
		doubting.Wait()
		return info, err
	}
	close(failed)
	doubting.Wait()
	if damage != nil { // err itself would say that the store is away
		return lake.Info{}, fmt.Errorf("the catalog does not answer, and the table's metadata are damaged: %w", damage)
	}
	return info, err
}

// doubt looks for damage until ctx ends, and once more when the catalog has
// failed before that.
func (s *storage) doubt(ctx context.Context, failed <-chan struct{}) error {
	for asked := true; asked; {
		select {
		case <-ctx.Done():
			return nil
		case <-failed:
			asked = false
		case <-time.After(doubtAfter):
		}
		if err := s.checkNamed(ctx); err != nil {
			return err
		}
	}
	return nil
}

// checkNamed gives lake.ErrCorrupt when the metadata file that the catalog
// named last, or a newer one beside it, is damaged, and is so twice: a file may
// be in the middle of being written. A store that does not answer says nothing.
func (s *storage) checkNamed(ctx context.Context) error {
	s.mu.Lock()
	named := s.last.Metadata
	s.mu.Unlock()
	var err error
	for range 2 {
		err = judged(ctx, s.source.CheckMetadata(ctx, named))
		if err == nil || errors.Is(err, errNoStore) || errors.Is(err, context.Canceled) {
			return nil
		}
	}
	if errors.Is(err, lake.ErrCorrupt) {
		return err
	}
	return fmt.Errorf("%w: %w", lake.ErrCorrupt, err)
}

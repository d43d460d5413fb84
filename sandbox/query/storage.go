package query

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/sink"
)

const (
	// lookWithin bounds one look at the catalog: who waits longer is not answered.
	lookWithin = time.Second
	// scanWithin bounds a scan that a caller waits for.
	scanWithin = 3 * time.Second
	// readWithin bounds a scan that nobody waits for.
	readWithin = 30 * time.Second

	tripAfter  = 3               // failures in a row
	tryAfter   = 5 * time.Second // in the open state
	closeAfter = 2               // trials in a row that went well
	slowTry    = 10 * time.Minute
)

// source is the part of a lake that is read.
type source interface {
	Inspect(ctx context.Context, namespace, name string) (lake.Info, error)
	CheckMetadata(ctx context.Context, f lake.MetadataFile) error
	Scan(ctx context.Context, namespace, name string, o lake.ScanOptions, each func(lake.Row) error) error
	Verify(ctx context.Context, namespace, name string, from, n int) (int, error)
}

// errNoStore is in the error of a read that the store did not answer, or that
// the circuit breaker did not let through. The last good answer may stand in.
var errNoStore = errors.New("the store cannot be reached")

// storage reads the table behind a circuit breaker. It counts as a failure
// only that the store could not be reached: a damaged file is an answer, and
// to wait longer would not mend it.
type storage struct {
	source  source
	breaker *gobreaker.CircuitBreaker[struct{}]

	// blind is the defect that damage is not noticed: what was last seen in the
	// catalog counts on.
	blind bool

	mu      sync.Mutex
	last    lake.Info        // that the catalog named
	damaged map[string]error // what is known to be damaged, by what found it
}

func newStorage(s source, d defect.Set) *storage {
	settings := gobreaker.Settings{
		Name: "store", MaxRequests: closeAfter, Timeout: tryAfter,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tripAfter },
		IsSuccessful: func(err error) bool { return !errors.Is(err, errNoStore) },
		IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) }, // the caller went away
	}
	if d.Has(defect.BreakerNeverOpens) {
		settings.ReadyToTrip = func(gobreaker.Counts) bool { return false }
	}
	if d.Has(defect.SlowRecovery) {
		settings.Timeout = slowTry
	}
	return &storage{source: s, blind: d.Has(defect.StaleMetadataServed), breaker: gobreaker.NewCircuitBreaker[struct{}](settings), damaged: map[string]error{}}
}

// look asks the catalog for the current snapshot. It takes lookWithin at most.
func (s *storage) look(ctx context.Context) (info lake.Info, err error) {
	err = s.read(ctx, lookWithin, "looking at the table", func(ctx context.Context) error {
		info, err = s.inspect(ctx)
		return err
	})
	s.remember("catalog", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.last = info
	}
	if s.blind && errors.Is(err, lake.ErrCorrupt) {
		return s.last, nil
	}
	return info, err
}

// scan calls begin before each try, then each for every row.
func (s *storage) scan(ctx context.Context, within time.Duration, o lake.ScanOptions, begin func(), each func(lake.Row) error) error {
	return s.read(ctx, within, "reading trades", func(ctx context.Context) error {
		begin()
		return s.source.Scan(ctx, sink.Namespace, sink.Table, o, each)
	})
}

// verify reads manifests and some data files.
func (s *storage) verify(ctx context.Context, from, n int) (files int, err error) {
	err = s.read(ctx, verifyWithin, "verifying the table", func(ctx context.Context) error {
		files, err = s.source.Verify(ctx, sink.Namespace, sink.Table, from, n)
		return err
	})
	s.remember("files", err)
	return files, err
}

// read tries once, and again where the error says neither that the store is
// away nor that the table is damaged: a file cut short reads as a connection
// that broke would. What comes twice is damage.
func (s *storage) read(ctx context.Context, within time.Duration, doing string, try func(context.Context) error) error {
	_, err := s.breaker.Execute(func() (struct{}, error) {
		ctx, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		err := judged(ctx, try(ctx))
		if vague(err) {
			if err = judged(ctx, try(ctx)); vague(err) {
				err = fmt.Errorf("%w: %w", lake.ErrCorrupt, err)
			}
		}
		return struct{}{}, err
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		err = fmt.Errorf("%w: %w", errNoStore, err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// judged puts errNoStore in the error of a read that was not answered, or not
// in time.
func judged(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, lake.ErrCorrupt) || errors.Is(err, context.Canceled) {
		return err
	}
	if errors.Is(err, lake.ErrUnreachable) || ctx.Err() != nil {
		return fmt.Errorf("%w: %w", errNoStore, err)
	}
	return err
}

func vague(err error) bool {
	for _, clear := range []error{lake.ErrCorrupt, errNoStore, lake.ErrNoTable, lake.ErrNoSnapshot, context.Canceled} {
		if errors.Is(err, clear) {
			return false
		}
	}
	return err != nil
}

// remember keeps what a read that was answered found: damage, or that there is
// none any more of what it looks at.
func (s *storage) remember(at string, err error) {
	if s.blind || errors.Is(err, errNoStore) || errors.Is(err, context.Canceled) {
		return // it says nothing about the table
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.damaged[at] = nil
	if errors.Is(err, lake.ErrCorrupt) {
		s.damaged[at] = err
	}
}

// damage is what is known to be damaged, joined; nil when all is well.
func (s *storage) damage() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.damaged["catalog"], s.damaged["rows"], s.damaged["files"])
}

// open is true from when the breaker opens until it is closed again.
func (s *storage) open() bool { return s.breaker.State() != gobreaker.StateClosed }

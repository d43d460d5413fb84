//go:build failpoint

package matrix_test

import (
	"strconv"
	"sync"
	"testing"
	"time"
)

type result struct {
	gone   time.Duration // from the death
	inside bool          // a fault was in place at the death
	failed bool
}

// String is the time to removal in milliseconds; "–" is that nothing was in
// place at the death, an empty cell one that was not run.
func (r result) String(ran bool) string {
	switch {
	case !ran:
		return ""
	case r.failed:
		return "**failed**"
	case !r.inside:
		return "–"
	}
	return strconv.FormatInt(r.gone.Milliseconds(), 10)
}

// results of a table's cells, by row and column.
type results struct {
	mu  sync.Mutex
	all map[[2]string]result
}

func newResults() *results { return &results{all: map[[2]string]result{}} }

// of keeps what comes of a cell, also when its test ends within.
func (s *results) of(t *testing.T, row, column string, run func() result) {
	t.Helper()
	r := result{failed: true}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		r.failed = r.failed || t.Failed()
		s.all[[2]string{row, column}] = r
	}()
	r = run()
}

func (s *results) get(row, column string) (result, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.all[[2]string{row, column}]
	return r, ok
}

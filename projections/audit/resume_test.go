package audit_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/digest"
)

// shelf keeps a state in memory, and ends the audit at a save.
type shelf struct {
	state   *audit.State
	saves   int
	dieAt   int
	cleared bool
}

var errDead = errors.New("the process died")

func (s *shelf) Load() (audit.State, bool, error) {
	if s.state == nil {
		return audit.State{}, false, nil
	}
	return *s.state, true, nil
}

func (s *shelf) Save(st audit.State) error {
	s.saves++
	if s.saves == s.dieAt {
		return errDead
	}
	// What is kept must not move on with the audit.
	st.Log, st.Heard = append([]digest.Total(nil), st.Log...), append([]digest.Total(nil), st.Heard...)
	st.Look, st.Twice = append([]bool(nil), st.Look...), append([]uint64(nil), st.Twice...)
	s.state = &st
	return nil
}

func (s *shelf) Clear() error { s.state, s.cleared = nil, true; return nil }

// TestAnAuditThatWasCutShortGoesOn: what was read is not read again, and the
// report is the same as if nothing had happened.
func TestAnAuditThatWasCutShortGoesOn(t *testing.T) {
	w := stored(60)
	w.rows[7].value = value("k7", 1, 7)
	w.send(0, value("k8", 8, 8))
	w.rows = append(w.rows, row{1, value("k8", 8, 8)})
	want := run(t, w.audit())
	for die := 1; die <= 10; die++ {
		s := &shelf{dieAt: die}
		c := w.audit()
		c.Store = s
		_, err := audit.Run(t.Context(), c)
		require.ErrorIs(t, err, errDead)
		require.False(t, s.cleared)
		c.Store = &shelf{state: s.state}
		w.reads = 0
		got := run(t, c)
		assert.Equal(t, want, got)
		first, all := 21-2*(die-1), w.reads
		groups := (all - first) / 21
		assert.Positive(t, groups)
		assert.Less(t, all-first-groups*21, 21, "slices that were read before are read once more by each group, and not by the first pass")
	}
}

// TestTheStateOfAnotherAuditIsNotTakenUp: sums of other records would be wrong
// without anybody seeing it.
func TestTheStateOfAnotherAuditIsNotTakenUp(t *testing.T) {
	w, s := stored(60), &shelf{dieAt: 3}
	c := w.audit()
	c.Store = s
	_, err := audit.Run(t.Context(), c)
	require.ErrorIs(t, err, errDead)
	w.letters = []audit.Letter{{At: audit.Place{Offset: 1}}}
	c.Store = &shelf{state: s.state}
	assert.Equal(t, map[string]int64{"stored_once": 59, "stored_and_dead_lettered": 1}, counts(run(t, c).Classes))
	w.letters = nil
	w.send(1, value("new", 1, 1))
	c = w.audit()
	c.Store = &shelf{state: s.state}
	assert.Equal(t, map[string]int64{"stored_once": 60, "lost_acked": 1}, counts(run(t, c).Classes))
}

func TestAnAuditEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := audit.Run(ctx, stored(60).audit())
	require.ErrorIs(t, err, context.Canceled)
}

package verifier_test

import (
	"context"
	"database/sql"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the catalog is one

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/audit/sources"
	"github.com/k2-platform/faultline/sandbox/sink"
)

// meanwhile does something once, while an audit reads: before it reads a table
// or a log for the so many-th time.
type meanwhile struct {
	audit.Table
	audit.Log
	after int
	do    func()

	mu   sync.Mutex
	read int
}

func (m *meanwhile) count() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.read == m.after {
		m.do()
	}
	m.read++
}

// Rows implements audit.Table.
func (m *meanwhile) Rows(ctx context.Context, r audit.Rows, each func(int, audit.Forms) error) error {
	m.count()
	return m.Table.Rows(ctx, r, each)
}

// Read implements audit.Log.
func (m *meanwhile) Read(ctx context.Context, r audit.Range, each func([]audit.Record) error) ([]audit.Range, int64, error) {
	m.count()
	return m.Log.Read(ctx, r, each)
}

// TestATableThatMovesDuringTheAudit: what is read is one snapshot, whatever
// becomes of the table; where that goes, the answer is unknown and says so.
func TestATableThatMovesDuringTheAudit(t *testing.T) {
	t.Parallel()
	w := settled(t)
	w.sink.stop() // it would bring back what is rolled back
	during := func(after int, do func()) audit.Report {
		p := w.flow()
		c := w.config(p, w.window(p))
		c.Table = &meanwhile{Table: c.Table, after: after, do: do}
		return w.run(c)
	}
	maintain := func(u lake.Upkeep) func() {
		return func() {
			_, err := w.lake.Maintain(t.Context(), sink.Namespace, sink.Table, u)
			require.NoError(t, err)
		}
	}
	for after := range 2 { // before the first reading, and before the closer one
		r := during(after, maintain(lake.Upkeep{MinFiles: 2 + 4*(1-after), KeepSnapshots: 1000}))
		assertOutcome(t, w.well(), w.records(), r)
		assert.Equal(t, events.Holds, r.Answer(), "compacted: %s", r.Why())
	}
	commits := w.commits()
	r := during(1, func() { require.NoError(t, w.table.Rewind(t.Context(), commits[len(commits)/2].ID)) })
	assertOutcome(t, w.well(), w.records(), r)
	assert.Equal(t, events.Holds, r.Answer(), "rolled back, and read as it was: %s", r.Why())
	assert.True(t, answers(w.check(), events.Violated)["snapshot_chain"], "and a check tells of it")

	head := commits[len(commits)-1].ID
	p := w.flow()
	c := w.config(p, w.window(p))
	c.Window.Snapshot, c.Window.Sink = head, nil
	c.Table = &meanwhile{Table: c.Table, do: maintain(lake.Upkeep{MinFiles: 1000, KeepSnapshots: 1, SnapshotAge: time.Nanosecond})}
	r = w.run(c)
	assert.Equal(t, events.Unknown, r.Answer(), "rolled back and expired")
	assert.Contains(t, r.Why(), "table: the snapshot is gone")
	assert.EqualValues(t, w.records(), r.Unknown)

	r = during(0, w.replace)
	assert.Equal(t, events.Unknown, r.Answer(), "replaced")
	assert.Contains(t, r.Why(), "table: ")
	assert.EqualValues(t, w.records(), r.Unknown)
	r = w.emptied()
	want := w.well()
	want.add(account.LostAcked, w.behind(nil))
	assertOutcome(t, want, w.records(), r)
	assert.Equal(t, events.Violated, r.Answer(), "the next audit finds an empty table: %s", r.Why())
}

// emptied closes the books of a table that holds no offsets.
func (w *world) emptied() audit.Report {
	w.t.Helper()
	p := w.flow()
	_, owned, err := p.Sink(w.t.Context())
	require.NoError(w.t, err)
	require.False(w.t, owned)
	ends, err := w.bus.EndOffsets(w.t.Context(), p.Books.Topic)
	require.NoError(w.t, err)
	return w.run(w.config(p, audit.Window{Log: sources.RangesOf(nil, ends), Alone: true}))
}

// replace drops the table and makes it anew.
func (w *world) replace() {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.at.URI)
	require.NoError(w.t, err)
	_, err = db.ExecContext(w.t.Context(), "DELETE FROM iceberg_tables")
	require.NoError(w.t, err)
	require.NoError(w.t, db.Close())
	w.table, err = sink.OpenTable(w.t.Context(), w.lake)
	require.NoError(w.t, err)
}

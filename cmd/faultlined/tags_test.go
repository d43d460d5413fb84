package main

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/bookkeeping"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections"
	"github.com/k2-platform/faultline/spec"
)

// marks are books that open and close at two snapshots of a table.
type marks struct{ before, after int64 }

func (m marks) Open(context.Context) (*events.BookMark, error) {
	return &events.BookMark{Taken: 5, Snapshot: m.before}, nil
}
func (m marks) Snapshot(context.Context) (int64, error) { return m.before, nil }
func (m marks) Close(_ context.Context, from events.BookMark, _ int64, _ time.Duration, _ func() bookkeeping.Touched) events.BooksClosed {
	return events.BooksClosed{From: from, To: events.BookMark{Taken: 9, Snapshot: m.after}, Balanced: true}
}

func tagged(m marks, tag func(context.Context, string, int64) error) taggedBooks {
	return taggedBooks{Books: m, experiment: "x", tag: tag, log: slog.New(slog.DiscardHandler)}
}

// The table as it was before and after stays readable by its tags, whatever
// expires.
func TestBooksTagTheirSnapshots(t *testing.T) {
	l, set := scattered(t, t.TempDir(), 3)
	snapshot := func() int64 {
		info, err := l.Inspect(t.Context(), projections.Namespace, "readings")
		require.NoError(t, err)
		return info.ID
	}
	m := marks{before: snapshot()}
	grow := func(from, to int64) {
		for i := from; i < to; i++ {
			now := time.Now()
			set.Tick(projections.Tick{Tick: events.Tick{Experiment: "x", At: now, Readings: []events.Reading{{Metric: "m", At: now}}}, Topic: "r", Offset: i})
			require.NoError(t, set.Flush(t.Context(), map[string]map[int32]int64{"r": {0: i + 1}}))
		}
	}
	grow(3, 5)
	m.after = snapshot()
	grow(5, 8)
	b := tagged(m, tagIn(l, spec.Books{Namespace: projections.Namespace, Table: "readings"}))
	from, err := b.Open(t.Context())
	require.NoError(t, err)
	closed := b.Close(t.Context(), *from, 0, time.Minute, nil)
	assert.Equal(t, events.BookMark{Taken: 5, Snapshot: m.before, Tag: "chaos/x/before"}, closed.From)
	assert.Equal(t, events.BookMark{Taken: 9, Snapshot: m.after, Tag: "chaos/x/after"}, closed.To)
	assert.Equal(t, closed, b.Close(t.Context(), *from, 0, time.Minute, nil), "once more is no error")

	_, err = projections.Maintain(t.Context(), l, []string{"readings"}, lake.Upkeep{KeepSnapshots: 1, SnapshotAge: time.Nanosecond})
	require.NoError(t, err)
	for tag, want := range map[string]int{"chaos/x/before": 3, "chaos/x/after": 5} {
		id, err := l.Tagged(t.Context(), projections.Namespace, "readings", tag)
		require.NoError(t, err)
		rows := 0
		require.NoError(t, l.Scan(t.Context(), projections.Namespace, "readings", lake.ScanOptions{SnapshotID: id}, func(lake.Row) error { rows++; return nil }))
		assert.Equal(t, want, rows, tag)
	}
}

// A run goes on without tags, and says so.
func TestBooksGoOnWithoutTags(t *testing.T) {
	b := tagged(marks{before: 11, after: 13}, func(context.Context, string, int64) error { return errors.New("forbidden") })
	from, err := b.Open(t.Context())
	require.NoError(t, err)
	assert.Equal(t, &events.BookMark{Taken: 5, Snapshot: 11, Untagged: "forbidden"}, from)
	closed := b.Close(t.Context(), *from, 0, time.Minute, nil)
	assert.True(t, closed.Balanced)
	assert.Equal(t, events.BookMark{Taken: 9, Snapshot: 13, Untagged: "forbidden"}, closed.To)
}

// A catalog that hangs holds up no experiment, and a table without a snapshot
// is asked for no tag.
func TestBooksWaitForNoCatalog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		b := tagged(marks{before: 11}, func(ctx context.Context, _ string, _ int64) error { <-ctx.Done(); return ctx.Err() })
		from, err := b.Open(t.Context())
		require.NoError(t, err)
		assert.Equal(t, tagWithin, time.Since(begun))
		assert.Contains(t, from.Untagged, "deadline exceeded")
		closed := b.Close(t.Context(), *from, 0, time.Minute, nil)
		assert.Equal(t, events.BookMark{Taken: 9}, closed.To)
		assert.Equal(t, tagWithin, time.Since(begun))
	})
}

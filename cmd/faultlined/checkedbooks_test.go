package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/bookkeeping"
	"github.com/k2-platform/faultline/handlers/conduct"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/checks"
	"github.com/k2-platform/faultline/spec"
)

// closed are books that close at once.
type closed struct {
	conduct.Books
	with events.BooksClosed
}

func (c closed) Close(_ context.Context, _ events.BookMark, _ int64, _ time.Duration, touched func() bookkeeping.Touched) events.BooksClosed {
	touched()
	return c.with
}

// TestBooksAreClosedWithTheChecksOfTheTable: what another left twice in the
// table is not of this experiment, what came since is, and a topic that cannot
// be read is unknown.
func TestBooksAreClosedWithTheChecksOfTheTable(t *testing.T) {
	dir := t.TempDir()
	l, err := lake.Open(t.Context(), lake.Config{Kind: "sql", URI: filepath.Join(dir, "catalog.db"), Warehouse: filepath.Join(dir, "warehouse")})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	table, err := lake.OpenTable(t.Context(), l, lake.Definition[string]{
		Namespace: "n", Name: "t", Columns: []lake.Column[string]{lake.OptionalText("id", func(s string) (string, bool) { return s, s != "" })},
	})
	require.NoError(t, err)
	at := lake.Watermark{}
	put := func(ids ...string) int64 {
		next := lake.Watermark{{Topic: "trades"}: at[lake.Partition{Topic: "trades"}] + int64(len(ids))}
		s, err := table.Append(t.Context(), ids, at, next)
		require.NoError(t, err)
		at = next
		return s.ID
	}
	books := spec.Books{Namespace: "n", Table: "t", Key: "id", Topic: "trades", Brokers: []string{"127.0.0.1:1"}}
	list := atClose()
	answers := func(from, to int64) map[string]events.Answer {
		b := checkedBooks{
			closed{with: events.BooksClosed{Balanced: true, From: events.BookMark{Snapshot: from}, To: events.BookMark{Snapshot: to}}},
			list,
			checkInput(storedTrades{l, books}, sourceTopic{books, slog.New(slog.DiscardHandler)}),
			nil,
		}
		ended := b.Close(t.Context(), events.BookMark{}, 0, time.Millisecond, func() bookkeeping.Touched { return nil })
		assert.True(t, ended.Balanced)
		out := map[string]events.Answer{}
		for _, c := range ended.Checks {
			out[c.Check] = c.Answer
			assert.NotEmpty(t, c.Evidence)
		}
		return out
	}
	want := map[string]events.Answer{
		"snapshot_chain": events.Holds, "files_present": events.Holds, "committed_offsets": events.Unknown, "key_unique": events.Holds,
	}
	twice := put("a", "a")
	once := put("b", "c")
	assert.Equal(t, want, answers(twice, once))
	list = slices.DeleteFunc(list, func(c checks.Check) bool { return c == checks.Offsets{} }) // to be refused takes its time
	delete(want, "committed_offsets")
	want["key_unique"] = events.Violated
	again := put("b", "c", "b")
	assert.Equal(t, want, answers(once, again))
	assert.Equal(t, want, answers(0, twice), "the whole table as it was then")
	nameless := put("d", "")
	assert.Equal(t, want, answers(again, nameless), "a row without a key")
	want["key_unique"] = events.Unknown
	assert.Equal(t, want, answers(once, 0), "the table was not seen at the close")
}

//go:build e2e

package e2e_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/sink"
)

// awaitTrades waits for the first rows of the table of trades: what has no
// snapshot yet can have no tag.
func (s servers) awaitTrades(t *testing.T) {
	t.Helper()
	l, err := lake.Open(t.Context(), *s.lake())
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	require.Eventually(t, func() bool {
		info, err := l.Inspect(t.Context(), sink.Namespace, sink.Table)
		return err == nil && info.HasSnapshot
	}, time.Minute, time.Second, "trades reach the table")
}

// tagged says that the table of trades can be read as it was when the books of
// an experiment were opened, and when they were closed, by their tags: with a
// row for each record that the sink had come to by then. It takes a run in which
// no record was refused.
func (s servers) tagged(t *testing.T, id string, books events.BooksClosed) {
	t.Helper()
	require.Zero(t, books.DeadLettered)
	l, err := lake.Open(t.Context(), *s.lake())
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	table, err := l.Anatomy(t.Context(), sink.Namespace, sink.Table)
	require.NoError(t, err)
	found := map[string]int64{}
	for moment, mark := range map[string]events.BookMark{"before": books.From, "after": books.To} {
		tag := "chaos/" + id + "/" + moment
		require.Equal(t, tag, mark.Tag, "the catalog gave no tag: %s", mark.Untagged)
		snapshot, err := l.Tagged(t.Context(), sink.Namespace, sink.Table, tag)
		require.NoError(t, err)
		require.Equal(t, mark.Snapshot, snapshot, tag)
		require.NoError(t, l.Scan(t.Context(), sink.Namespace, sink.Table, lake.ScanOptions{Columns: []string{"trade_id"}, SnapshotID: snapshot}, func(lake.Row) error {
			found[tag]++
			return nil
		}))
		assert.Equal(t, recordsAt(t, table, snapshot), found[tag], "rows at %s", tag)
	}
	assert.Less(t, found["chaos/"+id+"/before"], found["chaos/"+id+"/after"])
	t.Logf("rows by tag: %v", found)
}

// recordsAt is how many records the sink had come to with a snapshot, by the
// offsets that it wrote beside the rows.
func recordsAt(t *testing.T, table *lake.Anatomy, snapshot int64) (n int64) {
	t.Helper()
	for _, one := range table.Snapshots {
		if one.ID != snapshot {
			continue
		}
		next, err := one.Watermark()
		require.NoError(t, err)
		for _, offset := range next {
			n += offset
		}
	}
	require.Positive(t, n, "snapshot %d has no watermark", snapshot)
	return n
}

// maintain merges and expires what the pipeline wrote in the platform's lake,
// whoever goes on with it later. The readings are there, each as often as before.
func (p *platform) maintain(s servers) {
	t := p.t
	t.Helper()
	before := s.readings(t)
	text, code := p.faultline("lake", "maintain", "--min-files", "2", "--keep", "1", "--snapshots-older-than", "1ns", "--output", "json")
	require.Zero(t, code, text)
	var did struct{ Tables []lake.Kept }
	require.NoError(t, json.Unmarshal([]byte(text), &did))
	t.Log(text)
	for _, k := range did.Tables {
		if k.Table == "chaos.readings" {
			assert.Greater(t, k.Merged, k.Written, "files that became fewer")
			assert.Positive(t, k.Expired, "snapshots")
			assert.Equal(t, before, s.readings(t))
			return
		}
	}
	t.Errorf("chaos.readings was not maintained: %s", text)
}

// readings counts the rows of each metric.
func (s servers) readings(t *testing.T) map[string]int {
	t.Helper()
	l, err := lake.Open(t.Context(), *s.lake())
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	rows := map[string]int{}
	require.NoError(t, l.Scan(t.Context(), "chaos", "readings", lake.ScanOptions{Columns: []string{"metric"}}, func(r lake.Row) error {
		metric, _ := r.Text("metric")
		rows[metric]++
		return nil
	}))
	require.NotEmpty(t, rows)
	return rows
}

package query

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/sink"
)

type row struct {
	id string
	at time.Time
}

func configIn(home string) lake.Config {
	return lake.Config{Kind: "sql", URI: filepath.Join(home, "catalog.db"), Warehouse: filepath.Join(home, "warehouse")}
}

// table is one of few columns: the others read as empty.
func table(t *testing.T, home string) (*lake.Lake, *lake.Table[row]) {
	t.Helper()
	return tableOf(t, configIn(home))
}

func tableOf(t *testing.T, c lake.Config) (*lake.Lake, *lake.Table[row]) {
	t.Helper()
	l, err := lake.Open(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	opened, err := lake.OpenTable(t.Context(), l, lake.Definition[row]{Namespace: sink.Namespace, Name: sink.Table, Columns: []lake.Column[row]{
		lake.Text("trade_id", func(r row) string { return r.id }),
		lake.Instant("ingestion_timestamp", func(r row) time.Time { return r.at }),
	}})
	require.NoError(t, err)
	return l, opened
}

func upTo(n int64) lake.Watermark { return lake.Watermark{{Topic: "t", Partition: 0}: n} }

func TestARefreshReadsOnlyWhatWasAdded(t *testing.T) {
	home := t.TempDir()
	l, opened := table(t, home)
	start := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	_, err := opened.Append(t.Context(), []row{{"a", start.Add(2 * time.Second)}, {"b", start}}, nil, upTo(2))
	require.NoError(t, err)
	p := newPages(newStorage(l, nil))
	require.NoError(t, p.refresh(t.Context()))

	// Who read the first rows again would miss their file.
	removeData(t, home)
	_, err = opened.Append(t.Context(), []row{{"c", start.Add(time.Second)}}, upTo(2), upTo(3))
	require.NoError(t, err)
	require.NoError(t, p.refresh(t.Context()))
	got := p.view
	var ids []string
	for _, trade := range got.rows {
		ids = append(ids, trade.TradeID)
	}
	assert.Equal(t, []string{"a", "c", "b"}, ids, "newest first, whenever they were stored")
	assert.Equal(t, start.Add(2*time.Second), got.newest.UTC())
	assert.True(t, got.whole)
}

func removeData(t *testing.T, home string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(home, "warehouse", "*", "*", "data", "*.parquet"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		require.NoError(t, os.Remove(f))
	}
}

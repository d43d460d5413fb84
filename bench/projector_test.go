package main

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/embedded"
	"github.com/k2-platform/faultline/internal/lake"
)

// withoutServers is a bench on a broker in this process, its tables on disk.
func withoutServers(t *testing.T) (b *bench, home string) {
	t.Helper()
	home = t.TempDir()
	kafka, err := embedded.StartKafka(embedded.KafkaConfig{Dir: filepath.Join(home, "kafka")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, kafka.Close()) })
	return &bench{report: report{progress: io.Discard}, brokers: []string{kafka.Addr()}, shelf: shelf{Lake: lake.Config{
		Kind: "sql", URI: filepath.Join(home, "catalog.db"), Warehouse: filepath.Join(home, "warehouse"),
	}}}, home
}

// TestBothWaysOfTheProjectorWriteEachRecordOnce: the rate of one that loses
// records, or doubles them, is worth nothing.
func TestBothWaysOfTheProjectorWriteEachRecordOnce(t *testing.T) {
	const n, commit = 1000, 300
	b, _ := withoutServers(t)
	require.NoError(t, b.fill(t.Context(), "probes", n))
	own, peers, err := b.engines("probes")
	require.NoError(t, err)
	assert.Len(t, own, 2)
	assert.Empty(t, peers)
	l, err := lake.Open(t.Context(), b.shelf.Lake)
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	for i, e := range own {
		do := errand{Brokers: b.brokers, Lake: b.shelf.Lake, Topic: "probes", Table: e.table, Batch: commit, OneByOne: i == 1}
		require.NoError(t, do.project(t.Context()))
		seen := map[int64]int{}
		require.NoError(t, l.Scan(t.Context(), benchNamespace, e.table, lake.ScanOptions{Columns: []string{"seq"}}, func(r lake.Row) error {
			seq, _ := r.Int("seq")
			seen[seq]++
			return nil
		}))
		assert.Len(t, seen, n, e.name)
		for seq, times := range seen {
			assert.Equal(t, 1, times, "%s: record %d", e.name, seq)
		}
	}
}

//go:build e2e

package queries_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// makeTables writes the story into a lake of its own, with the projections
// and the table that users have. It closes the lake before it returns.
func makeTables(t *testing.T) (lake.Config, written) {
	t.Helper()
	dir := t.TempDir()
	at := lake.Config{Kind: "sql", URI: filepath.Join(dir, "catalog.db"), Warehouse: filepath.Join(dir, "warehouse")}
	l, err := lake.Open(t.Context(), at)
	require.NoError(t, err)
	w := writeTrades(t, l)
	project(t, l, tell(t, w))
	require.NoError(t, l.Close())
	return at, w
}

func project(t *testing.T, l *lake.Lake, log recorded) {
	t.Helper()
	set, err := projections.Open(t.Context(), l, topics())
	require.NoError(t, err)
	f := projections.NewFollower(log, set, projections.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	for _, record := range log.last() {
		require.NoError(t, f.Await(t.Context(), record))
	}
	cancel()
	require.NoError(t, <-ended)
}

// writeTrades in three commits: before the fault of the first experiment, under
// it, and after it. Number 17 was never written, and trade 20 was twice.
func writeTrades(t *testing.T, l *lake.Lake) written {
	t.Helper()
	table, err := sink.OpenTable(t.Context(), l)
	require.NoError(t, err)
	var mark lake.Watermark
	commit := func(numbers ...int64) int64 {
		var rows []trade.V2
		for _, n := range numbers {
			rows = append(rows, tradeOf(n))
		}
		next := lake.Watermark{{Topic: "trades"}: numbers[len(numbers)-1]}
		s, err := table.Append(t.Context(), rows, mark, next)
		require.NoError(t, err)
		mark = next
		return s.ID
	}
	return written{
		before: commit(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), during: commit(11, 12, 13, 14, 15, 16), after: commit(18, 19, 20, 20, 21, 22),
	}
}

// tradeOf is a trade every three seconds of the first experiment.
func tradeOf(n int64) trade.V2 {
	symbol := []string{"BHP", "CBA", "BHP"}[n%3]
	at := weekOf(1).Add(time.Duration(3*n) * time.Second)
	return trade.V2{
		MessageID: fmt.Sprintf("m-%d", n), TradeID: fmt.Sprintf("%s-%d", symbol, n), Symbol: symbol, Exchange: "ASX", AssetClass: "equities",
		Timestamp: at, Price: trade.Decimal(4_510_000_000 + n*1_000_000), Quantity: trade.Decimal(n * 100_000_000), Currency: "AUD", Side: "UNKNOWN",
		SourceSequence: &n, IngestionTimestamp: at.Add(250 * time.Millisecond), PlatformSequence: &n,
	}
}

//go:build e2e

package queries_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// embedded is the lake that a user has without any server.
func embedded(t *testing.T) lake.Config {
	t.Helper()
	dir := t.TempDir()
	return lake.Config{Kind: "sql", URI: filepath.Join(dir, "catalog.db"), Warehouse: filepath.Join(dir, "warehouse")}
}

// served is the lake of a REST catalog on S3, without tables.
func served(t *testing.T) lake.Config {
	t.Helper()
	at := lake.Config{Kind: "rest", URI: os.Getenv("E2E_CATALOG"), Properties: map[string]string{
		"s3.endpoint": os.Getenv("E2E_S3"), "s3.region": "us-east-1", "s3.force-virtual-addressing": "false",
		"s3.access-key-id": os.Getenv("E2E_S3_KEY"), "s3.secret-access-key": os.Getenv("E2E_S3_SECRET"),
	}}
	require.NotEmpty(t, at.URI, "there is no REST catalog: run make queries, which starts one")
	for _, table := range []string{
		"market_data/tables/trades_v2", "chaos/tables/experiments", "chaos/tables/events", "chaos/tables/readings", "chaos/tables/faults",
		"chaos/tables/verdicts", "chaos/tables/record_ledger", "chaos/tables/dlq_audit", "chaos/tables/integrity_checks", "chaos/tables/ground_truth",
	} {
		drop(t, at.URI+"/v1/namespaces/"+table+"?purgeRequested=true")
	}
	return at
}

// drop lets a table go that another test may have made.
func drop(t *testing.T, url string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, url, nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	http.DefaultClient.CloseIdleConnections()
	if res.StatusCode != http.StatusNotFound {
		require.Less(t, res.StatusCode, 300, "dropping a table: %s", res.Status)
	}
}

// makeTables writes the story into a lake, with the projections and the table
// that users have. It closes the lake before it returns.
func makeTables(t *testing.T, at lake.Config) written {
	t.Helper()
	l, err := lake.Open(t.Context(), at)
	require.NoError(t, err)
	w := writeTrades(t, l)
	project(t, l, tell(t, w))
	require.NoError(t, l.Close())
	return w
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

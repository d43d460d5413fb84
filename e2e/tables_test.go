//go:build e2e

package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/lake"
)

// readWithOthers reads every table with pyiceberg and DuckDB, which must agree
// and find no row twice.
func readWithOthers(t *testing.T, catalog ...string) {
	t.Helper()
	python := strings.TrimSpace(script(t, "readers/venv.sh"))
	args := []string{
		"readers/read_tables.py", "--check", "--namespace", "market_data", "--namespace", "chaos",
		"--expect", "market_data.trades_v2", "--key", "market_data.trades_v2=trade_id",
		// One record of the log gives several rows of these.
		"--key", "chaos.readings=topic,partition,offset,metric,at", "--key", "chaos.ground_truth=run,seq",
		// A check has a row for each window, and each group of records in it, that is not as it should be: its evidence shows which.
		"--key", "chaos.integrity_checks=topic,partition,offset,check,window_from,evidence",
		// The count of a class names no record.
		"--key", "chaos.record_ledger=topic,partition,offset,class,record_partition,record_offset,record_key",
		"--key", "chaos.dlq_audit=topic,partition,offset,letter_topic,letter_partition,letter_offset,part",
	}
	for _, table := range []string{"experiments", "events", "readings", "faults", "verdicts", "record_ledger", "dlq_audit", "integrity_checks", "ground_truth"} {
		args = append(args, "--expect", "chaos."+table)
	}
	t.Log("\n" + script(t, python, append(args, catalog...)...))
}

func (s servers) readWithOthers(t *testing.T) {
	t.Helper()
	readWithOthers(t, s.catalog()...)
}

// catalog names the tables on the servers to the readers.
func (s servers) catalog() []string {
	return []string{"--catalog-uri", s["E2E_CATALOG"], "--s3", s["E2E_S3"], "--s3-key", s["E2E_S3_KEY"], "--s3-secret", s["E2E_S3_SECRET"]}
}

// verdicts says that each experiment has one row of chaos.verdicts, with the
// verdict and the worst gap that show told.
func (s servers) verdicts(t *testing.T, want map[string]outcome) {
	t.Helper()
	if len(want) == 0 {
		return // what was asked to run wrote no verdict here
	}
	l, err := lake.Open(t.Context(), *s.lake())
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	found := map[string]int{}
	require.NoError(t, l.Scan(t.Context(), "chaos", "verdicts", lake.ScanOptions{}, func(r lake.Row) error {
		id, _ := r.Text("experiment")
		verdict, _ := r.Text("verdict")
		gap, _ := r.Double("max_ingestion_gap_seconds")
		found[id]++
		require.Equal(t, want[id].Verdict, verdict, id)
		require.InDelta(t, *want[id].Recovery.Impact.MaxIngestionGap, gap, 1e-9, id)
		return nil
	}))
	require.Len(t, found, len(want))
	for id, n := range found {
		require.Equal(t, 1, n, "rows of %s", id)
	}
}

// forgetTrades drops the table of trades, for a platform on another Kafka:
// its offsets are those of the Kafka before. It may not be there yet.
func (s servers) forgetTrades(t *testing.T) {
	t.Helper()
	url := s["E2E_CATALOG"] + "/v1/namespaces/market_data/tables/trades_v2?purgeRequested=true"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, url, nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	if res.StatusCode != http.StatusNotFound {
		require.Less(t, res.StatusCode, 300, "dropping the table: %s", res.Status)
	}
}

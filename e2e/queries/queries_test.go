//go:build e2e

package queries_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/spark"
)

// TestQueriesOnDuckDB answers every query of docs/QUERIES.md as the story has
// it.
func TestQueriesOnDuckDB(t *testing.T) {
	at := served(t)
	w := makeTables(t, at)
	found := answers(t, newDuck(t, at), w)
	if *update {
		for _, q := range readQueries(t) {
			require.NoError(t, os.WriteFile(goldenPath(q.name), []byte(lines(found[q.name])), 0o600))
		}
	}
	asTold(t, found)
}

// TestQueriesOnSpark gives the same answers to the same files.
func TestQueriesOnSpark(t *testing.T) {
	at := served(t)
	w := makeTables(t, at)
	asTold(t, answers(t, newSpark(t, at), w))
}

func asTold(t *testing.T, found map[string][][]string) {
	t.Helper()
	for _, q := range readQueries(t) {
		t.Run(q.name, func(t *testing.T) {
			want := readGolden(t, q.name)
			require.Greater(t, len(want), 1, "the story gives the query nothing to find")
			assert.Equal(t, lines(want), lines(found[q.name]))
		})
	}
}

// answers asks all queries in one session.
func answers(t *testing.T, e engine, w written) map[string][][]string {
	t.Helper()
	job := spark.Job{Snapshots: []spark.Snapshot{
		{View: "trades_before", Table: "market_data.trades_v2", ID: w.before},
		{View: "trades_during", Table: "market_data.trades_v2", ID: w.during},
		{View: "trades_after", Table: "market_data.trades_v2", ID: w.after},
	}}
	for _, q := range readQueries(t) {
		job.Queries = append(job.Queries, spark.Query{Name: q.name, SQL: q.sql})
	}
	results, err := e.Run(t.Context(), job)
	require.NoError(t, err)
	found := map[string][][]string{}
	for _, r := range results {
		assert.Empty(t, r.Error, r.Name)
		found[r.Name] = cells(r)
	}
	return found
}

// cells are a result's columns, then its rows.
func cells(r spark.Result) [][]string {
	rows := [][]string{r.Columns}
	for _, row := range r.Rows {
		var texts []string
		for _, cell := range row {
			text := null
			if cell != nil {
				text = *cell
			}
			texts = append(texts, text)
		}
		rows = append(rows, texts)
	}
	return rows
}

func lines(rows [][]string) string {
	var out strings.Builder
	for _, row := range rows {
		out.WriteString(strings.Join(row, "\t") + "\n")
	}
	return out.String()
}

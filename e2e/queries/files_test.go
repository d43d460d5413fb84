package queries_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const docs = "../../docs"

// query is one file of docs/queries: its heading is the first line of its
// comment, its text the others.
type query struct {
	name, heading, text, sql string
}

func readQueries(t *testing.T) []query {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(docs, "queries", "[0-9]*.sql"))
	require.NoError(t, err)
	out := make([]query, len(paths))
	for i, path := range paths {
		out[i] = readQuery(t, path)
	}
	return out
}

func readQuery(t *testing.T, path string) query {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	q := query{name: strings.TrimSuffix(filepath.Base(path), ".sql"), sql: string(text)}
	var comment []string
	for q.sql != "" && strings.HasPrefix(q.sql, "-- ") {
		line, rest, _ := strings.Cut(q.sql, "\n")
		comment, q.sql = append(comment, strings.TrimPrefix(line, "-- ")), rest
	}
	require.NotEmpty(t, comment, "%s says in no comment what it asks", q.name)
	q.heading, q.text = comment[0], strings.Join(comment[1:], "\n")
	return q
}

// TestThereAreTwentyQueries that every engine reads: no quotes of one dialect,
// one statement each, and an order, or results could not be compared.
func TestThereAreTwentyQueries(t *testing.T) {
	all := readQueries(t)
	assert.GreaterOrEqual(t, len(all), 20)
	for _, q := range all {
		assert.NotContains(t, q.sql, "`", q.name)
		assert.NotContains(t, q.sql, `"`, q.name)
		assert.NotContains(t, q.sql, ";\n", q.name)
		assert.NotContains(t, q.sql, "iceberg_scan", q.name)
		assert.Contains(t, q.sql, "\nORDER BY ", q.name)
		assert.Regexp(t, `\?$`, q.heading, q.name)
	}
}

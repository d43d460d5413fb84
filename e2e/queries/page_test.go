package queries_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestThePageIsTheFiles: what QUERIES.md shows is what was run, and what it
// said.
func TestThePageIsTheFiles(t *testing.T) {
	path := filepath.Join(docs, "QUERIES.md")
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	page := string(have)
	for name, made := range map[string]string{"contents": contents(t), "queries": sections(t), "duckdb": prelude(t)} {
		begin, end := "<!-- made: "+name+" -->\n", "<!-- end: "+name+" -->"
		head, rest, ok := strings.Cut(page, begin)
		require.True(t, ok, "QUERIES.md has no line %q", begin)
		_, tail, ok := strings.Cut(rest, end)
		require.True(t, ok, "QUERIES.md has no line %q", end)
		page = head + begin + "\n" + made + "\n" + end + tail
	}
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(page), 0o600))
		return
	}
	assert.Equal(t, page, string(have), "docs/QUERIES.md is out of date: run go test ./e2e/queries -run Page -update")
}

func prelude(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(docs, "queries", "duckdb.sql"))
	require.NoError(t, err)
	return block(string(text))
}

func block(sql string) string { return "```sql\n" + strings.TrimSuffix(sql, "\n") + "\n```\n" }

func contents(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	for _, q := range readQueries(t) {
		fmt.Fprintf(&out, "- [%s](queries/%s.sql)\n", q.heading, q.name)
	}
	return out.String()
}

func sections(t *testing.T) string {
	t.Helper()
	var out []string
	for i, q := range readQueries(t) {
		parts := []string{fmt.Sprintf("### %d. %s\n", i+1, q.heading)}
		if q.text != "" {
			parts = append(parts, q.text+"\n")
		}
		parts = append(parts, block(q.sql), table(readGolden(t, q.name)))
		out = append(out, strings.Join(parts, "\n"))
	}
	return strings.Join(out, "\n")
}

// table shows rows as the page does.
func table(rows [][]string) string {
	var out strings.Builder
	for i, row := range rows {
		for _, cell := range row {
			out.WriteString("| " + strings.ReplaceAll(cell, "|", `\|`) + " ")
		}
		out.WriteString("|\n")
		if i == 0 {
			out.WriteString(strings.Repeat("|---", len(row)) + "|\n")
		}
	}
	return out.String()
}

// null stands in a golden file for a value that is none.
const null = "–"

func goldenPath(name string) string { return filepath.Join("testdata", name+".tsv") }

// readGolden is the result of a query: its columns, then its rows.
func readGolden(t *testing.T, name string) [][]string {
	t.Helper()
	text, err := os.ReadFile(goldenPath(name))
	require.NoError(t, err, "the result of %s is not known: go test -tags e2e ./e2e/queries -run QueriesOnDuckDB -update writes it", name)
	var rows [][]string
	for line := range strings.Lines(string(text)) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return rows
}

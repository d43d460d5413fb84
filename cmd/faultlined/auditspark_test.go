package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/spark"
	"github.com/k2-platform/faultline/projections/audit/sources"
	"github.com/k2-platform/faultline/projections/checks"
)

// TestAnAuditOnSpark: the log is summed up here, the SQL of the checks and the
// lake go to spark-submit, and what it answers is printed as the local engine
// prints its own.
func TestAnAuditOnSpark(t *testing.T) {
	x := newFlowLab(t)
	x.send(65)
	x.store(x.sent...)
	dir := t.TempDir()
	answers := `{"name":"key_unique","columns":["records","keyless","doubled","record_key","copies"],"rows":[["65","0","0",null,null]],"seconds":1.5}
{"name":"window_sums","columns":["measure","exchange","symbol","slot_from","slot_to","expected","actual","amount"],"rows":[
["price","ASX","BHP","2026-03-02T10:00:00Z","2026-03-02T10:01:00Z","1.50000000","2.00000000","1"],
["count",null,null,null,null,"65","65","2"],["quantity",null,null,null,null,"1.00000000","1.00000000","2"],["turnover",null,null,null,null,"2.0000000000000000","2.0000000000000000","2"],["times",null,null,null,null,"","","2"]],"seconds":1}
{"name":"sequence_seq","columns":["sequences","amount","sequence_of","first_missing","last_missing","repeats"],"rows":[["1","0",null,null,null,null]],"seconds":1}
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "answers"), []byte(answers), 0o600))
	script := "#!/bin/sh\nset -eu\nprintf '%s\\n' \"$@\" >" + dir + "/args\nwhile [ $# -gt 3 ]; do shift; done\ncp \"$2\" " + dir + "/job.json\ncp " + dir + "/answers \"$3\"\n"
	submit := filepath.Join(dir, "spark-submit")
	require.NoError(t, os.WriteFile(submit, []byte(script), 0o700))

	b, err := bus.Open(bus.Config{Brokers: x.books.Brokers}, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	p, err := sources.Open(t.Context(), x.books, b, x.lake)
	require.NoError(t, err)
	f := auditFlags{output: "json", spark: sparkFlags{engine: engineSpark, submit: submit, args: []string{"--master", "yarn"}}}
	var out bytes.Buffer
	err = f.onSpark(t.Context(), &out, flow{bus: b, lake: x.lake, at: x.at, books: x.books}, p, x.first, x.first.Add(2*time.Minute))
	require.Equal(t, exitCode(1), err)
	var rows []checks.Result
	require.NoError(t, json.Unmarshal(out.Bytes(), &rows))
	require.Len(t, rows, 7)
	assert.Equal(t, "key_unique", rows[0].Check)
	assert.Equal(t, "window_sum_price", rows[2].Check)
	assert.Equal(t, "1.5000 2.0000", rows[2].Expected+" "+rows[2].Actual, "as many digits as the column has")
	assert.Equal(t, "2.000000000000", rows[4].Expected)
	assert.Equal(t, "1 sequences of seq have no gap that the log has not, and no number twice", rows[6].Evidence)

	args, err := os.ReadFile(filepath.Join(dir, "args"))
	require.NoError(t, err)
	assert.Contains(t, string(args), "--master\nyarn\n")
	text, err := os.ReadFile(filepath.Join(dir, "job.json"))
	require.NoError(t, err)
	var job spark.Job
	require.NoError(t, json.Unmarshal(text, &job))
	views := map[string]string{}
	for _, v := range job.Views {
		views[v.Name] = v.SQL
	}
	assert.Contains(t, views["audited"], "FROM market.sales t WHERE t.at >= ")
	minute := x.first.Format("2006-01-02 15:04:05.000000")
	assert.Contains(t, views["produced"], "('ASX', 'BHP', TIMESTAMP '"+minute+"', 60, '2370.0000', '120.00000000', ")
	assert.Contains(t, views["sequences_sent"], "('', CAST(0 AS BIGINT), CAST(64 AS BIGINT), CAST(0 AS BIGINT))")
	assert.Contains(t, string(text), "jdbc:sqlite:file:"+x.at.URI)
}

func TestWhatSparkCannotDoIsRefused(t *testing.T) {
	x := newFlowLab(t)
	x.store()
	b, err := bus.Open(bus.Config{Brokers: x.books.Brokers}, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	x.books.Windows.By, x.books.Windows.Every = []string{"symbol"}, 90_000_000_000
	x.books.Mapping.Key = []string{"venue", "id"}
	x.books.Sequences = append(x.books.Sequences, x.books.Sequences[0])
	p, err := sources.Open(t.Context(), x.books, b, x.lake)
	require.NoError(t, err)
	_, err = sparkOptions(p)
	for _, want := range []string{"the books name 1; write two", "a key has one column", "the books name 1m30s", "the books name 2; audit"} {
		require.ErrorContains(t, err, want)
	}
	p.Books.Windows = nil
	_, err = sparkOptions(p)
	require.ErrorContains(t, err, "write windows:")

	for want, f := range map[string]sparkFlags{
		`"duck": write local or spark`: {engine: "duck"},
		"are for --engine spark":       {engine: engineLocal, submit: "x"},
		"--follow is for the local":    {engine: engineSpark},
	} {
		require.ErrorContains(t, f.check(true, ""), want)
	}
	on := sparkFlags{engine: engineSpark}
	require.ErrorContains(t, on.check(false, "commits"), "goes by moment")
	require.NoError(t, on.check(false, "moment"))
}

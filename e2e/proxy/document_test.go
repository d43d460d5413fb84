package proxy_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

//nolint:gochecknoglobals // a flag of the test binary
var update = flag.Bool("update", false, "write the tables of docs/KAFKA_FAULTS.md")

const document = "../../docs/KAFKA_FAULTS.md"

// TestTheDocumentTellsOfEveryFault: its tables are those of the kinds that can
// be asked for, and of the rows that are tried.
func TestTheDocumentTellsOfEveryFault(t *testing.T) {
	have, err := os.ReadFile(document)
	require.NoError(t, err)
	want := string(have)
	made := map[string]string{"selection": selectionTable()}
	for name, group := range groups() {
		made["kinds "+name], made["rows "+name] = kindTable(group.kinds), rowTable(group.rows)
	}
	for name, table := range made {
		begin, end := "<!-- made: "+name+" -->\n", "<!-- end: "+name+" -->"
		before, rest, found := strings.Cut(want, begin)
		require.True(t, found, begin)
		_, after, found := strings.Cut(rest, end)
		require.True(t, found, end)
		want = before + begin + "\n" + table + "\n" + end + after
	}
	if *update {
		require.NoError(t, os.WriteFile(document, []byte(want), 0o600))
		return
	}
	assert.Equal(t, want, string(have), "%s is out of date: run go test ./e2e/proxy -update", document)
}

// TestEveryFaultIsTried: each kind, each type of corruption, each way to lose
// an acknowledgement and to have metadata stale has a row, and every row can
// be asked for.
func TestEveryFaultIsTried(t *testing.T) {
	tried := map[string]bool{}
	for _, r := range rows() {
		kind, with := split(r.fault)
		if kind == "kafka.partition" {
			with["client_id"] = "any"
		}
		_, err := rule.Read("row", kind, with)
		require.NoError(t, err, r.fault)
		tried[kind], tried[kind+" "+with["type"]+with["how"]+" "+with["direction"]] = true, true
	}
	for _, k := range rule.Kinds() {
		assert.True(t, tried[k.Name], k.Name)
	}
	for _, how := range []string{"", "code", "silence"} {
		assert.True(t, tried["kafka.lost_ack "+how+" "], "lost_ack %s", how)
	}
	for _, how := range []string{"frozen", "wrong_leader"} {
		assert.True(t, tried["kafka.stale_metadata "+how+" "], "stale_metadata %s", how)
	}
	for _, corruption := range corruptions(t) {
		for _, way := range []string{"", "produce"} {
			assert.True(t, tried["kafka.corrupt "+corruption+" "+way], "corrupt %s %s", corruption, way)
		}
	}
}

// corruptions are the types that kafka.corrupt names where it lacks one.
func corruptions(t *testing.T) []string {
	t.Helper()
	_, err := rule.Read("row", "kafka.corrupt", nil)
	require.Error(t, err)
	_, list, found := strings.Cut(err.Error(), "type: one of ")
	require.True(t, found, err)
	return strings.Split(strings.TrimSpace(list), ", ")
}

// group is a section of the document.
type group struct {
	kinds []faults.Kind
	rows  []row
}

func groups() map[string]group {
	out := map[string]group{
		"bytes":    {rows: bytesRows()},
		"protocol": {rows: slices.Concat(protocolRows(), groupRows(), transactionRows())},
		"records":  {rows: recordRows()},
		"corrupt":  {rows: slices.Concat(corruptRows(), formatRows())},
	}
	for name, g := range out {
		for _, k := range rule.Kinds() {
			if slices.ContainsFunc(g.rows, func(r row) bool { return strings.Fields(r.fault)[0] == k.Name }) {
				g.kinds = append(g.kinds, k)
			}
		}
		out[name] = g
	}
	return out
}

func rowTable(all []row) string {
	var b strings.Builder
	b.WriteString("| fault | application | franz-go | sarama | librdkafka | Java |\n|---|---|---|---|---|---|\n")
	for _, r := range all {
		fault := "`" + r.fault + "`"
		if r.then != "" {
			fault += ", and " + r.then
		}
		for with := range strings.SplitSeq(r.with, "; ") {
			if with != "" {
				fault += " after `" + with + "`"
			}
		}
		fmt.Fprintf(&b, "| %s | %s |", fault, r.by)
		for _, words := range r.sees {
			fmt.Fprintf(&b, " %s |", cmp.Or(words, "nothing"))
		}
		b.WriteString("\n")
	}
	return b.String()
}

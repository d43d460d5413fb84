package schema

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/cloudevent"
)

func allEvents() []events.Event {
	return []events.Event{
		events.ExperimentScheduled{},
		events.ExperimentDenied{},
		events.CommandRefused{},
		events.BaselineStarted{},
		events.BaselineEstablished{},
		events.FaultInjectionRequested{},
		events.FaultInjected{},
		events.FaultInjectionFailed{},
		events.RequestRefused{},
		events.RollbackTriggered{},
		events.RollbackRequested{},
		events.FaultRolledBack{},
		events.RollbackStuck{},
		events.ClaimJudged{},
		events.RecoveryMeasured{},
		events.BooksClosed{},
		events.Concluded{},
		events.ExperimentKept{},
		events.NoteAdded{},
		events.BlastRadiusDecided{},
		events.ApprovalRequested{},
		events.ExperimentApproved{},
	}
}

// constants reads the values of a package's constants whose names begin with
// a prefix out of its source: reflection cannot list them.
func constants(t *testing.T, folder, prefix string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", folder, "*.go"))
	require.NoError(t, err)
	out := map[string]string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Names) != 1 || len(v.Values) != 1 || !strings.HasPrefix(v.Names[0].Name, prefix) {
				return true
			}
			if text, ok := v.Values[0].(*ast.BasicLit); ok && text.Kind == token.STRING {
				value, err := strconv.Unquote(text.Value)
				require.NoError(t, err)
				out[v.Names[0].Name] = value
			}
			return true
		})
	}
	require.NotEmpty(t, out)
	return out
}

// TestEveryTypeIsListed finds a command or event that was added to the code
// but not here.
func TestEveryTypeIsListed(t *testing.T) {
	var names []string
	for _, c := range all() {
		names = append(names, commands.TypeOf(c))
	}
	assert.ElementsMatch(t, slices.Collect(maps.Values(constants(t, "commands", "Type"))), names)
	names = []string{events.TypeBatch, events.TypeTick, events.TypeLedgerPage}
	for _, e := range allEvents() {
		names = append(names, events.TypeOf(e))
	}
	assert.ElementsMatch(t, slices.Collect(maps.Values(constants(t, "events", "Type"))), names)
}

// TestEveryFieldHasHelp finds a field without help, and help without a field.
func TestEveryFieldHasHelp(t *testing.T) {
	used := map[string]bool{}
	for _, root := range slices.Concat(roots(), recordTypes(), platformRoots()) {
		for _, s := range structs(root) {
			e := help()[s.String()]
			used[s.String()] = true
			assert.NotEmpty(t, e.about, "%s says nothing about itself", s)
			var want []string
			for _, f := range reflect.VisibleFields(s) {
				if len(f.Index) > 1 || f.Anonymous {
					continue
				}
				want = append(want, jsonName(f))
				assert.NotEmpty(t, e.fields[jsonName(f)].means, "%s.%s", s, jsonName(f))
			}
			assert.ElementsMatch(t, want, slices.Collect(maps.Keys(e.fields)), "%s", s)
		}
	}
	assert.Len(t, help(), len(used), "help for a type that is gone")
}

// TestWireNamesEverything holds WIRE.md to the code, whoever writes it.
func TestWireNamesEverything(t *testing.T) {
	page := wirePage(t)
	for _, folder := range []string{"commands", "events", "faults/kafkaproxy/truth"} {
		for constant, value := range constants(t, folder, "Type") {
			assert.Contains(t, page, "`"+value+"`", "%s.%s", folder, constant)
		}
	}
	for _, folder := range []string{"internal/cloudevent", "internal/bus"} {
		for constant, value := range constants(t, folder, "Header") {
			assert.Contains(t, page, "`"+value+"`", "%s.%s", folder, constant)
		}
	}
	for _, topic := range bus.TopicsOf("").All() {
		assert.Contains(t, page, "`"+topic+"`")
	}
	for heading, s := range headings() {
		_, section, ok := strings.Cut(page, "\n"+heading+"\n")
		if !assert.True(t, ok, "no section %q", heading) {
			continue
		}
		section, _, _ = strings.Cut(section, "\n### ")
		for _, name := range fieldNames(s) {
			assert.Contains(t, section, "\n| `"+name+"` |", "section %q", heading)
		}
	}
}

// TestBatchRecord holds the fields of a batch, whose Go type is hidden, to
// what is written.
func TestBatchRecord(t *testing.T) {
	c, err := events.EncodeBatch(events.Batch{
		Experiment: "x", Version: 1, Cause: "c", At: time.Unix(0, 0), Events: []events.Event{events.Concluded{}},
	}, "")
	require.NoError(t, err)
	var record struct {
		Events []map[string]any `json:"events"`
	}
	require.NoError(t, json.Unmarshal(c.Data, &record))
	var top map[string]any
	require.NoError(t, json.Unmarshal(c.Data, &top))
	assert.ElementsMatch(t, slices.Collect(maps.Keys(top)), rowNames(batchRows()))
	assert.ElementsMatch(t, slices.Collect(maps.Keys(record.Events[0])), rowNames(factRows()))
}

func TestAttributesAreTheHeaders(t *testing.T) {
	written := cloudevent.Event{ID: "1", Type: "t", Source: "s", Subject: "x", TraceParent: "p", Time: time.Unix(0, 0)}.Headers()
	var names, must []string
	for _, a := range attributes() {
		names = append(names, a.name)
		if a.required {
			must = append(must, a.name)
		}
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(written)), names)
	for name := range written {
		less := maps.Clone(written)
		delete(less, name)
		_, err := cloudevent.FromHeaders(less, nil)
		assert.Equal(t, slices.Contains(must, name), err != nil, "without %s", name)
	}
}

// TestGoldenCommandsFitTheSchema reads every command as it stands on the wire.
func TestGoldenCommandsFitTheSchema(t *testing.T) {
	root := read(t, Commands())
	files, err := filepath.Glob("../../commands/testdata/v1/*.json")
	require.NoError(t, err)
	require.Len(t, files, len(all()))
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		record := map[string]any{
			"key": "x",
			"headers": map[string]any{
				"ce_specversion": "1.0", "ce_id": "1", "ce_type": strings.TrimSuffix(filepath.Base(f), ".json"),
				"ce_source": "svc", "ce_time": "2026-11-24T01:02:03Z",
			},
			"value": fromYAML(t, data),
		}
		assert.Empty(t, root.problems(root, filepath.Base(f), record))
		delete(record, "key")
		assert.NotEmpty(t, root.problems(root, "", record))
	}
}

// wirePage is docs/WIRE.md, with its tables written anew where asked.
func wirePage(t *testing.T) string {
	t.Helper()
	path := filepath.Join(docs, "WIRE.md")
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	page := string(have)
	for name, made := range tables() {
		begin, end := "<!-- made: "+name+" -->\n", "<!-- end: "+name+" -->"
		head, rest, ok := strings.Cut(page, begin)
		require.True(t, ok, "WIRE.md has no line %q", begin)
		_, tail, ok := strings.Cut(rest, end)
		require.True(t, ok, "WIRE.md has no line %q", end)
		page = head + begin + "\n" + made + "\n" + end + tail
	}
	same(t, path, []byte(page))
	return page
}

func rowNames(rows []row) []string {
	var names []string
	for _, r := range rows {
		names = append(names, r.name)
	}
	return names
}

func fieldNames(s reflect.Type) []string { return rowNames(rowsOf(s)) }

// headings are the sections of WIRE.md that list a type's fields.
func headings() map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for _, c := range all() {
		out[fmt.Sprintf("### `%s`", commands.TypeOf(c))] = reflect.TypeOf(c)
	}
	for _, e := range allEvents() {
		out[fmt.Sprintf("### `%s`", events.TypeOf(e))] = reflect.TypeOf(e)
	}
	out[fmt.Sprintf("### `%s`", events.TypeTick)] = reflect.TypeFor[events.Tick]()
	out[fmt.Sprintf("### `%s`", events.TypeLedgerPage)] = reflect.TypeFor[events.LedgerPage]()
	out[fmt.Sprintf("### `%s`", truth.TypeEntries)] = reflect.TypeFor[truth.Entries]()
	out[fmt.Sprintf("### `%s`", truth.TypeClosed)] = reflect.TypeFor[truth.Closed]()
	for _, s := range shapes() {
		out["### "+s.Name()] = s
	}
	return out
}

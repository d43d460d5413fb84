package schema

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
	"github.com/k2-platform/faultline/spec"
)

// row is one line of a table in WIRE.md.
type row struct{ name, kind, unit, means string }

// tables are the parts of WIRE.md that are made, by the name of their marks.
func tables() map[string]string {
	return map[string]string{
		"headers":        headerTable(),
		"public":         commandSections(true),
		"internal":       commandSections(false),
		"batch":          table(batchRows()),
		"batch-event":    table(factRows()),
		"events":         eventSections(),
		"tick":           section("`"+events.TypeTick+"`", reflect.TypeFor[events.Tick]()),
		"truth":          truthSections(),
		"ledger-page":    section("`"+events.TypeLedgerPage+"`", reflect.TypeFor[events.LedgerPage]()),
		"shapes":         shapeSections(),
		"closed-sets":    closedTable(),
		"command-public": bullets(published()),
	}
}

func bullets(names []string) string {
	var b strings.Builder
	for _, n := range names {
		fmt.Fprintf(&b, "- `%s`\n", n)
	}
	return b.String()
}

func headerTable() string {
	var b strings.Builder
	b.WriteString("| header | needed | meaning |\n|---|---|---|\n")
	for _, a := range attributes() {
		needed := "no"
		if a.required {
			needed = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", a.name, needed, a.means)
	}
	return b.String()
}

func commandSections(public bool) string {
	var parts []string
	for _, c := range all() {
		if slices.Contains(published(), commands.TypeOf(c)) == public {
			parts = append(parts, section("`"+commands.TypeOf(c)+"`", reflect.TypeOf(c)))
		}
	}
	return strings.Join(parts, "\n")
}

func eventSections() string {
	var parts []string
	for _, e := range allEvents() {
		parts = append(parts, section("`"+events.TypeOf(e)+"`", reflect.TypeOf(e)))
	}
	return strings.Join(parts, "\n")
}

func truthSections() string {
	return section("`"+truth.TypeEntries+"`", reflect.TypeFor[truth.Entries]()) + "\n" +
		section("`"+truth.TypeClosed+"`", reflect.TypeFor[truth.Closed]())
}

func shapeSections() string {
	var parts []string
	for _, s := range shapes() {
		parts = append(parts, section(s.Name(), s))
	}
	return strings.Join(parts, "\n")
}

func section(title string, s reflect.Type) string {
	return "### " + title + "\n\n" + help()[s.String()].about + "\n\n" + table(rowsOf(s))
}

func table(rows []row) string {
	var b strings.Builder
	b.WriteString("| field | JSON type | unit | meaning |\n|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.name, r.kind, r.unit, strings.ReplaceAll(r.means, "|", `\|`))
	}
	return b.String()
}

// rowsOf lists the fields as they stand on the wire, embedded ones too.
func rowsOf(s reflect.Type) []row {
	var rows []row
	for f := range s.Fields() {
		if f.Anonymous {
			rows = append(rows, rowsOf(f.Type)...)
			continue
		}
		h := help()[s.String()].fields[jsonName(f)]
		kind := kindOf(f.Type)
		if tag := f.Tag.Get("json"); strings.Contains(tag, "omitempty") || strings.Contains(tag, "omitzero") {
			kind += ", may be absent"
		}
		unit := h.unit
		if unit == "" {
			unit = "–"
		}
		rows = append(rows, row{jsonName(f), kind, unit, h.means})
	}
	return rows
}

func kindOf(t reflect.Type) string {
	if closed(t) != nil {
		return "string ([" + t.Name() + "](#closed-sets))"
	}
	switch t {
	case reflect.TypeFor[spec.Duration]():
		return "string (duration)"
	case reflect.TypeFor[time.Time]():
		return "string (RFC 3339)"
	}
	switch t.Kind() { //nolint:exhaustive // the wire holds only these kinds; any other stops the test
	case reflect.Pointer:
		return kindOf(t.Elem())
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Float64:
		return "number"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint64:
		return "integer"
	case reflect.Slice:
		return "array of " + kindOf(t.Elem())
	case reflect.Map:
		return "object of " + kindOf(t.Elem())
	case reflect.Struct:
		return fmt.Sprintf("[%s](#%s)", t.Name(), anchorOf(t))
	}
	panic("no JSON type for " + t.String())
}

// anchorOf is that of the heading of a type: an event has its wire name there.
func anchorOf(t reflect.Type) string {
	if e, ok := reflect.TypeAssert[events.Event](reflect.Zero(t)); ok {
		return strings.ReplaceAll(events.TypeOf(e), ".", "")
	}
	return strings.ToLower(t.Name())
}

func batchRows() []row {
	return []row{
		{"experiment", "string", "–", "Id of the experiment."},
		{"version", "integer", "–", "Version of the state that the batch leads to, from 1. A batch whose version does not follow is skipped by every reader."},
		{"cause", "string", "–", "Id (`ce_id`) of the command that caused the batch."},
		{"events", "array of object", "–", "The facts, in order; at least one."},
	}
}

func factRows() []row {
	return []row{
		{"type", "string", "–", "Wire name of the event, one of those below."},
		{"data", "object", "–", "Fields of the event."},
	}
}

func closedTable() string {
	var b strings.Builder
	b.WriteString("| set | words |\n|---|---|\n")
	for _, t := range []reflect.Type{
		reflect.TypeFor[events.Answer](), reflect.TypeFor[events.Cause](), reflect.TypeFor[events.Claim](),
		reflect.TypeFor[events.NoteKind](), reflect.TypeFor[events.Verdict](),
	} {
		var list []string
		for _, w := range closed(t) {
			list = append(list, fmt.Sprintf("`%s`", w))
		}
		fmt.Fprintf(&b, "| %s | %s |\n", t.Name(), strings.Join(list, ", "))
	}
	return b.String()
}

// roots are the types that stand on the wire by themselves.
func roots() []reflect.Type {
	var out []reflect.Type
	for _, c := range all() {
		out = append(out, reflect.TypeOf(c))
	}
	for _, e := range allEvents() {
		out = append(out, reflect.TypeOf(e))
	}
	return out
}

func platformRoots() []reflect.Type {
	return []reflect.Type{reflect.TypeFor[spec.Platform](), reflect.TypeFor[spec.Policy]()}
}

// recordTypes are those of whole records beside commands and batches.
func recordTypes() []reflect.Type {
	return []reflect.Type{reflect.TypeFor[events.Tick](), reflect.TypeFor[truth.Entries](), reflect.TypeFor[truth.Closed](), reflect.TypeFor[events.LedgerPage]()}
}

// shapes are the types inside others, in the order in which they are met.
func shapes() []reflect.Type {
	top := slices.Concat(roots(), recordTypes())
	var out []reflect.Type
	for _, r := range top {
		for _, s := range structs(r) {
			if !slices.Contains(top, s) && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// structs are a type and all struct types below it, each once.
func structs(t reflect.Type) []reflect.Type {
	var out []reflect.Type
	var visit func(reflect.Type)
	visit = func(t reflect.Type) {
		switch t.Kind() { //nolint:exhaustive // only these kinds hold others
		case reflect.Pointer, reflect.Slice, reflect.Map:
			visit(t.Elem())
		case reflect.Struct:
			if t == reflect.TypeFor[time.Time]() || slices.Contains(out, t) {
				return
			}
			out = append(out, t)
			for f := range t.Fields() {
				visit(f.Type)
			}
		}
	}
	visit(t)
	return out
}

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/faults/storage/catalog"
	"github.com/k2-platform/faultline/internal/confluent"
	"github.com/k2-platform/faultline/projections/mapping"
	"github.com/k2-platform/faultline/spec"
)

// held is what became of the mapping of some books. An answer is unknown where
// there was nothing to hold it against: that is not a pass.
type held struct {
	Name    string        `json:"name"`
	Schema  events.Answer `json:"schema"`
	Table   events.Answer `json:"table"`
	Against string        `json:"against"`
}

// lookTimeout is how long registry and table of one mapping are waited for.
const lookTimeout = 10 * time.Second

// holdBooks holds each mapping against the newest schema of its topic and the
// columns of its table. The problems have their places in the platform's file.
func holdBooks(ctx context.Context, p spec.ParsedPlatform, own func() (spec.Catalog, error)) ([]held, spec.Problems) {
	var out []held
	var problems spec.Problems
	for _, name := range slices.Sorted(maps.Keys(p.Platform.Books)) {
		b := p.Platform.Books[name]
		if b.Mapping == nil {
			continue
		}
		h, found := hold(ctx, name, b, own)
		out = append(out, h)
		for _, f := range found {
			f.Position = p.At(f.Path)
			problems = append(problems, f)
		}
	}
	return out, problems
}

func hold(ctx context.Context, name string, b spec.Books, own func() (spec.Catalog, error)) (held, spec.Problems) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	m, path := *b.Mapping, "books."+name
	schema, problem := newestSchema(ctx, m, b.Topic)
	var problems spec.Problems
	note := func(p *spec.Problem) {
		if p != nil {
			p.Path = path + "." + p.Path
			problems = append(problems, *p)
		}
	}
	note(problem)
	columns, missing := columnsOf(ctx, own, b)
	note(missing)
	bySchema, byTable := mapping.Check(m, nil, schema), mapping.Check(m, columns, nil)
	for _, p := range misused(b, columns) {
		byTable = append(byTable, p)
		note(&p)
	}
	for _, p := range mapping.Check(m, columns, schema) {
		p.Path = path + ".mapping." + p.Path
		problems = append(problems, p)
	}
	h := held{
		Name: name, Schema: answer(schema != nil, problem, bySchema), Table: answer(columns != nil, missing, byTable),
		Against: fmt.Sprintf("%s and %s.%s", m.SubjectOf(b.Topic), b.Namespace, b.Table),
	}
	if h.Schema == events.Holds && h.Table == events.Holds && problems.Err() != nil {
		h.Table = events.Violated // each is well alone, and the one does not fit the other
	}
	return h, problems
}

func answer(seen bool, problem *spec.Problem, problems spec.Problems) events.Answer {
	switch {
	case problem != nil && problem.Severity == spec.Refusal, seen && problems.Err() != nil:
		return events.Violated
	case seen:
		return events.Holds
	}
	return events.Unknown
}

// newestSchema reads the schema of the topic; nil, with a problem, where there
// is none to hold the mapping against.
func newestSchema(ctx context.Context, m spec.Mapping, topic string) (*confluent.Schema, *spec.Problem) {
	if m.Format == spec.FormatJSON {
		return nil, &spec.Problem{
			Path: "mapping.format", Severity: spec.Warning, Message: "JSON has no schema: whether records have these fields was not checked",
			Hint: "see them for yourself",
		}
	}
	subject := m.SubjectOf(topic)
	r := confluent.NewRegistries(nil)
	schema, err := r.Latest(ctx, subject, m.Registry)
	if errors.Is(err, confluent.ErrNoSchema) {
		p := &spec.Problem{Path: "mapping.registry", Message: fmt.Sprintf("the registry has no subject %s", subject), Hint: "write subject: that of the topic's values"}
		if known, kerr := r.Subjects(ctx, m.Registry); kerr == nil && len(known) > 0 {
			p.Hint = spec.DidYouMean(subject, known)
		}
		if m.Subject != "" {
			p.Path = "mapping.subject"
		}
		return nil, p
	}
	if err != nil {
		return nil, unseen("mapping.registry", fmt.Sprintf("the mapping was not held against subject %s: %v", subject, err), "check again where the registry answers")
	}
	return schema, nil
}

func unseen(path, message, hint string) *spec.Problem {
	return &spec.Problem{Path: path, Severity: spec.Warning, Message: message, Hint: hint}
}

// columnsOf reads the table's columns; nil, with a problem, where they cannot
// be seen.
func columnsOf(ctx context.Context, own func() (spec.Catalog, error), b spec.Books) ([]mapping.Column, *spec.Problem) {
	columns, err := tableColumns(ctx, own, b.Namespace, b.Table)
	switch {
	case errors.Is(err, catalog.ErrNoTable):
		return nil, &spec.Problem{Path: "table", Message: fmt.Sprintf("the lake of the settings has no table %s.%s", b.Namespace, b.Table), Hint: "write the name of one that it has, or name its lake with --config"}
	case err != nil:
		return nil, unseen("table", fmt.Sprintf("the mapping was not held against the columns of %s.%s: %v", b.Namespace, b.Table, err), "check again where the lake of the settings is")
	}
	return columns, nil
}

// heldText says of each mapping what it was held against.
func heldText(r checked) string {
	unknown := false
	var lines []string
	for _, h := range r.Books {
		unknown = unknown || h.Schema == events.Unknown || h.Table == events.Unknown
		lines = append(lines, fmt.Sprintf("  books %s, against %s: schema %s, columns %s", h.Name, h.Against, h.Schema, h.Table))
	}
	verdict := ": the mappings fit"
	switch {
	case !r.Accepted:
		verdict = ": refused"
	case unknown:
		verdict = ": not all could be seen, and what was not seen is not a pass"
	}
	return r.File + verdict + "\n" + strings.Join(lines, "\n")
}

package sources

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/confluent"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/mapping"
	"github.com/k2-platform/faultline/spec"
)

// askRegistry bounds one question to a registry.
const askRegistry = 10 * time.Second

// ErrNoMapping is of books that do not say how records become rows.
var ErrNoMapping = errors.New("the books have no mapping")

// Platform is the flow of one entry of a platform's books.
type Platform struct {
	Books   spec.Books
	Bus     *bus.Bus // of the flow's Kafka
	Lake    *lake.Lake
	Mapping *mapping.Mapping

	letters  *mapping.Mapping // reads records of a folder of dead letters
	registry confluent.Registry
	keys     int
	columns  []string
	types    map[string]mapping.ColumnType // of the table
	table    *LetterTable
	textKey  bool
}

// Open compiles the mapping of the books against the table's columns.
// ErrNoMapping where there is none, lake.ErrNoTable where there is no table yet.
func Open(ctx context.Context, books spec.Books, b *bus.Bus, l *lake.Lake) (*Platform, error) {
	if books.Mapping == nil {
		return nil, fmt.Errorf("auditing topic %s: %w: say in the platform how its records become rows", books.Topic, ErrNoMapping)
	}
	known, err := l.Columns(ctx, books.Namespace, books.Table)
	if err != nil {
		return nil, err
	}
	columns, types := make([]mapping.Column, len(known)), map[string]mapping.ColumnType{}
	for i, c := range known {
		types[c.Name] = mapping.ParseType(c.Type)
		columns[i] = mapping.Column{Name: c.Name, Type: types[c.Name]}
	}
	p := &Platform{Books: books, Bus: b, Lake: l, keys: len(books.Mapping.Key), types: types}
	p.registry = confluent.NewRegistries(&http.Client{Timeout: askRegistry}).At(books.Mapping.Registry)
	if p.Mapping, err = mapping.Compile(*books.Mapping, columns, p.registry); err != nil {
		return nil, err
	}
	p.columns = p.Mapping.Columns()
	p.textKey = slices.ContainsFunc(columns, func(c mapping.Column) bool { return c.Name == books.Key && c.Type.Kind == mapping.Text })
	if books.LetterFolder != "" {
		text := *books.Mapping
		text.Format = spec.FormatJSON
		if p.letters, err = mapping.Compile(text, columns, nil); err != nil {
			return nil, fmt.Errorf("reading the dead letters in %s as JSON: %w", books.LetterFolder, err)
		}
	}
	if t := books.LetterTable; t != nil {
		p.table = &LetterTable{Lake: l, Namespace: t.Namespace, Name: t.Table, Source: t.Source, Mapping: p.Mapping}
	}
	return p, nil
}

// Audit is how the flow is audited over a window.
func (p *Platform) Audit(w audit.Window) audit.Config {
	c := audit.Config{
		Log:     Topic{p.Bus, p.Books.Topic},
		Table:   Table{p.Lake, p.Books.Namespace, p.Books.Table, p.columns, p.keys},
		Formers: Formers(p.Mapping), Columns: p.columns, Keys: p.keys, Window: w,
	}
	if p.Books.DeadLetters != "" {
		c.Letters = append(c.Letters, LetterTopic{p.Bus, p.Books.DeadLetters, p.Books.Topic})
	}
	if p.letters != nil {
		c.Letters = append(c.Letters, LetterFolder{p.Books.LetterFolder, p.Books.Topic, p.letters})
	}
	if p.table != nil {
		t := *p.table // of one audit, which reads one snapshot of it
		c.Letters = append(c.Letters, &t)
	}
	return c
}

// Sink is how far the sink is: by the table where that holds the offsets, whose
// rows are then there as well; else by its group; nil where neither says.
func (p *Platform) Sink(ctx context.Context) (next map[int32]int64, owned bool, err error) {
	mark, err := p.Lake.Watermark(ctx, p.Books.Namespace, p.Books.Table)
	if err != nil {
		return nil, false, err
	}
	if next := p.of(mark); len(next) > 0 {
		return next, true, nil
	}
	if p.Books.Group == "" {
		return nil, false, nil
	}
	next, err = p.Bus.CommittedBy(ctx, p.Books.Group, p.Books.Topic)
	return next, false, err
}

// of is a table's watermark of the source topic.
func (p *Platform) of(mark lake.Watermark) map[int32]int64 {
	out := map[int32]int64{}
	for at, next := range mark {
		if at.Topic == p.Books.Topic {
			out[at.Partition] = next
		}
	}
	return out
}

// TextKey says that a record's natural key is the text that a receipt names it
// with.
func (p *Platform) TextKey() bool {
	return p.textKey && len(p.Books.Mapping.Key) == 1 && p.Books.Mapping.Key[0] == p.Books.Key
}

// moment is where the column of moments stands among the columns, -1: nowhere.
func (p *Platform) moment() int { return slices.Index(p.columns, p.Books.Moment) }

// Head is the table's snapshot of now, 0 where it has none.
func (p *Platform) Head(ctx context.Context) (int64, error) {
	return Table{Lake: p.Lake, Namespace: p.Books.Namespace, Name: p.Books.Table}.Pin(ctx)
}

package lake

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"
)

const shapeTries = 8

// ErrIncompatible is returned for a table whose columns cannot take the rows
// of its definition.
var ErrIncompatible = errors.New("incompatible table")

// Table appends rows of T to one table. It is safe for concurrent use.
type Table[T any] struct {
	lake       *Lake
	definition Definition[T]
	compare    func(a, b T) int
	writer     string // names this Table among the writers of the table
}

// OpenTable opens the table, creating its namespace and itself when missing
// and adding at the end the columns that it lacks; added columns are optional
// in the table, as older rows have none. Several processes may do so at once.
// A table with another type for a column, or with a required column that the
// definition cannot fill, gives ErrIncompatible and is left as it is. Columns
// that only the table has were added by a newer version: they are optional,
// and null in the rows of this one.
func OpenTable[T any](ctx context.Context, l *Lake, d Definition[T]) (*Table[T], error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	var last error
	for try := range shapeTries {
		if try > 0 {
			if err := sleep(ctx, l.backoff(try)); err != nil {
				return nil, errors.Join(err, last)
			}
		}
		err := shape(ctx, l, d)
		if err == nil {
			return &Table[T]{lake: l, definition: d, compare: d.compare(), writer: uuid.NewString()}, nil
		}
		if errors.Is(err, ErrIncompatible) || ctx.Err() != nil {
			return nil, err
		}
		last = err // another process may have made it meanwhile: look again
	}
	return nil, fmt.Errorf("opening table %s.%s: giving up after %d tries: %w", d.Namespace, d.Name, shapeTries, last)
}

func shape[T any](ctx context.Context, l *Lake, d Definition[T]) error {
	current, err := l.load(ctx, d.Namespace, d.Name)
	if errors.Is(err, ErrNoTable) {
		return create(ctx, l, d)
	}
	if err != nil {
		return err
	}
	missing, dropped, err := d.missing(current.Schema())
	if err != nil {
		return fmt.Errorf("%w %s.%s: %w", ErrIncompatible, d.Namespace, d.Name, err)
	}
	if len(missing) == 0 && len(dropped) == 0 {
		return nil
	}
	tx := current.NewTransaction()
	update := tx.UpdateSchema(true, false)
	for _, c := range missing {
		update.AddColumn([]string{c.name}, c.kind, "", false, nil)
	}
	for _, name := range dropped {
		update.UpdateColumn([]string{name}, table.ColumnUpdate{Required: iceberg.Optional[bool]{Val: false, Valid: true}})
	}
	if err := update.Commit(); err != nil {
		return fmt.Errorf("adding columns to %s.%s: %w", d.Namespace, d.Name, err)
	}
	if _, err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("committing new columns of %s.%s: %w", d.Namespace, d.Name, err)
	}
	return nil
}

func create[T any](ctx context.Context, l *Lake, d Definition[T]) error {
	namespace := table.Identifier{d.Namespace}
	known, err := l.catalog.CheckNamespaceExists(ctx, namespace)
	if err != nil {
		return fmt.Errorf("looking for namespace %s: %w", d.Namespace, err)
	}
	if !known {
		err := l.catalog.CreateNamespace(ctx, namespace, nil)
		if err != nil && !errors.Is(err, catalog.ErrNamespaceAlreadyExists) {
			return fmt.Errorf("creating namespace %s: %w", d.Namespace, err)
		}
	}
	schema := d.schema()
	options, err := d.options(schema)
	if err != nil {
		return err
	}
	_, err = l.catalog.CreateTable(ctx, table.Identifier{d.Namespace, d.Name}, schema, options...)
	if errors.Is(err, catalog.ErrTableAlreadyExists) {
		return shape(ctx, l, d) // made meanwhile, perhaps by an older version
	}
	if err != nil {
		return fmt.Errorf("creating table %s.%s: %w", d.Namespace, d.Name, err)
	}
	return nil
}

// missing lists the columns that the table's schema lacks, and the dropped ones
// that it requires.
func (d Definition[T]) missing(schema *iceberg.Schema) (missing []Column[T], dropped []string, _ error) {
	var problems []error
	for _, c := range d.Columns {
		field, ok := schema.FindFieldByName(c.name)
		switch {
		case !ok:
			missing = append(missing, c)
		case !field.Type.Equals(c.kind):
			problems = append(problems, fmt.Errorf("column %q is %s there and %s here: use another column name", c.name, field.Type, c.kind))
		case field.Required && !c.required:
			problems = append(problems, fmt.Errorf("column %q may not be null there and may be here", c.name))
		}
	}
	for _, field := range schema.Fields() {
		_, ok := d.column(field.Name)
		switch {
		case ok || !field.Required:
		case slices.Contains(d.Dropped, field.Name):
			dropped = append(dropped, field.Name)
		default:
			problems = append(problems, fmt.Errorf("column %q may not be null there and is not written here", field.Name))
		}
	}
	return missing, dropped, errors.Join(problems...)
}

package lake

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// ErrNoSnapshot is returned for a snapshot that a table does not have.
var ErrNoSnapshot = errors.New("no snapshot")

// ScanOptions says what to read. The zero value reads all of the table as it
// is now.
type ScanOptions struct {
	// Columns to read, all when empty.
	Columns []string
	// Equals keeps rows whose column has the value, written as Row.Text
	// writes it. Columns in it need not be among Columns.
	Equals map[string]string
	// SnapshotID reads the table as of that snapshot; 0 is the current one.
	SnapshotID int64
	// After leaves out the rows that this snapshot has; 0 leaves out none. It
	// must be an ancestor of the one that is read, and not be expired.
	After int64
	// Limit ends the scan after so many rows; 0 is no limit.
	Limit int64
}

// Scan calls each for every row, in no order that can be relied on. The row is
// valid during the call only. An error of each ends the scan and is returned.
func (l *Lake) Scan(ctx context.Context, namespace, name string, o ScanOptions, each func(Row) error) error {
	current, err := l.load(ctx, namespace, name)
	if err != nil {
		return err
	}
	if current.CurrentSnapshot() == nil && o.SnapshotID == 0 {
		return nil
	}
	options, hidden, err := o.options(current)
	if err != nil {
		return fmt.Errorf("scanning %s.%s: %w", namespace, name, err)
	}
	scan := current.Scan(options...)
	schema, batches, err := o.read(ctx, current, scan, options)
	err = diagnose(err)
	if err == nil {
		err = eachRow(schema, batches, o.Limit, each, hidden)
	}
	if err := errors.Join(err, scan.Close()); err != nil {
		return fmt.Errorf("scanning %s.%s: %w", namespace, name, err)
	}
	return nil
}

func (o ScanOptions) read(ctx context.Context, current *table.Table, scan *table.Scan, options []table.ScanOption) (*arrow.Schema, iter.Seq2[arrow.RecordBatch, error], error) {
	if o.After == 0 {
		return scan.ToArrowRecords(ctx)
	}
	to := o.SnapshotID
	if to == 0 {
		to = current.CurrentSnapshot().SnapshotID
	}
	if to == o.After {
		return scan.ReadTasks(ctx, nil)
	}
	tasks, err := current.NewIncrementalAppendScan(options...).FromSnapshotExclusive(o.After).ToSnapshot(to).PlanFiles(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("finding what was added after snapshot %d: %w", o.After, err)
	}
	return scan.ReadTasks(ctx, tasks)
}

// options also gives the column that is read for the reader's sake and hidden.
func (o ScanOptions) options(current *table.Table) (_ []table.ScanOption, hidden string, _ error) {
	schema := current.Schema()
	if o.SnapshotID != 0 {
		s := current.SnapshotByID(o.SnapshotID)
		if s == nil {
			return nil, "", fmt.Errorf("%w %d: it never was, or is expired", ErrNoSnapshot, o.SnapshotID)
		}
		if s.SchemaID != nil {
			if then, ok := current.Schemas()[*s.SchemaID]; ok {
				schema = then
			}
		}
	}
	var problems []error
	for _, c := range o.Columns {
		if _, ok := schema.FindFieldByName(c); !ok {
			problems = append(problems, fmt.Errorf("no column %q", c))
		}
	}
	filter := iceberg.BooleanExpression(iceberg.AlwaysTrue{})
	for c, text := range o.Equals {
		predicate, err := equals(schema, c, text)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		filter = iceberg.NewAnd(filter, predicate)
	}
	columns := o.Columns
	if hidden = anchor(schema, columns); hidden != "" {
		columns = append(slices.Clone(columns), hidden)
	}
	options := []table.ScanOption{
		table.WithSelectedFields(columns...), table.WithRowFilter(filter), table.WithSnapshotID(o.SnapshotID),
	}
	if o.Limit > 0 {
		options = append(options, table.WithLimit(o.Limit))
	}
	return options, hidden, errors.Join(problems...)
}

// anchor is the oldest column, where it is not read anyhow: "" then. A file from
// before all columns that are asked for has none of them, and iceberg-go reads
// no file of no column, not even as rows of nulls.
func anchor(schema *iceberg.Schema, columns []string) string {
	if len(columns) == 0 || schema.NumFields() == 0 {
		return ""
	}
	oldest := slices.MinFunc(schema.Fields(), func(a, b iceberg.NestedField) int { return a.ID - b.ID })
	if slices.Contains(columns, oldest.Name) {
		return ""
	}
	return oldest.Name
}

func equals(schema *iceberg.Schema, column, text string) (iceberg.BooleanExpression, error) {
	field, ok := schema.FindFieldByName(column)
	if !ok {
		return nil, fmt.Errorf("no column %q", column)
	}
	literal, err := iceberg.NewLiteral(text).To(field.Type)
	if err != nil {
		return nil, fmt.Errorf("column %q is %s: %w", column, field.Type, err)
	}
	return iceberg.LiteralPredicate(iceberg.OpEQ, iceberg.Reference(column), literal), nil
}

func eachRow(schema *arrow.Schema, batches iter.Seq2[arrow.RecordBatch, error], limit int64, each func(Row) error, hidden string) error {
	index := make(map[string]int, schema.NumFields())
	for i, f := range schema.Fields() {
		index[f.Name] = i
	}
	delete(index, hidden)
	var seen int64
	for batch, err := range batches {
		if err != nil {
			return diagnose(err)
		}
		for i := range int(batch.NumRows()) {
			if limit > 0 && seen == limit {
				break
			}
			seen++
			if err := each(Row{batch: batch, row: i, index: index}); err != nil {
				batch.Release()
				return err
			}
		}
		batch.Release()
	}
	return nil
}

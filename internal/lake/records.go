package lake

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// recordRows is how many rows go into one arrow record: enough to be quick,
// few enough that a partitioned write does not hold a copy of everything.
const recordRows = 64 << 10

// records turns rows into arrow records of the table's schema. A column that
// only the table has (a newer version added it) is null.
func records[T any](schema *iceberg.Schema, columns []Column[T], rows []T) (array.RecordReader, error) {
	shape, err := table.SchemaToArrowSchema(schema, nil, true, false)
	if err != nil {
		return nil, fmt.Errorf("making arrow schema: %w", err)
	}
	byName := make(map[string]Column[T], len(columns))
	for _, c := range columns {
		byName[c.name] = c
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, shape)
	defer builder.Release()
	var batches []arrow.RecordBatch
	defer func() {
		for _, b := range batches {
			b.Release()
		}
	}()
	for start := 0; start < len(rows); start += recordRows {
		part := rows[start:min(start+recordRows, len(rows))]
		for i, field := range shape.Fields() {
			column, ok := byName[field.Name]
			if !ok {
				builder.Field(i).AppendNulls(len(part))
				continue
			}
			for _, row := range part {
				if err := column.write(builder.Field(i), row); err != nil {
					return nil, err
				}
			}
		}
		batches = append(batches, builder.NewRecordBatch())
	}
	reader, err := array.NewRecordReader(shape, batches)
	if err != nil {
		return nil, fmt.Errorf("making records: %w", err)
	}
	return reader, nil
}

package lake

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go/table"

	"github.com/k2-platform/faultline/projections/digest"
)

// contents is the number of rows in files and a digest of all their values in
// the columns of the table as it is now, whatever their order.
func contents(ctx context.Context, base *table.Table, files []table.FileScanTask) (total digest.Total, err error) {
	scan := base.Scan(table.WithMaxConcurrency(1), table.WithArrowBatchSize(compactRows))
	schema, batches, err := scan.ReadTasks(ctx, files)
	if err != nil {
		return total, err
	}
	var forms []byte
	var columns []writeForm
	err = eachRow(schema, batches, 0, func(r Row) (err error) {
		if r.row == 0 {
			if columns, err = columnForms(r.batch); err != nil {
				return err
			}
		}
		forms = forms[:0]
		for _, write := range columns {
			forms = write(forms, r.row)
		}
		total.Add(digest.Of(forms))
		return nil
	}, "")
	return total, err
}

// columnForms says how the values of all columns of a batch are written.
func columnForms(batch arrow.RecordBatch) ([]writeForm, error) {
	out := make([]writeForm, batch.NumCols())
	for i, column := range batch.Columns() {
		write, err := formOf(column)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", batch.ColumnName(i), err)
		}
		out[i] = write
	}
	return out, nil
}

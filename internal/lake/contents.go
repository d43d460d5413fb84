package lake

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
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
	err = eachRow(schema, batches, 0, func(r Row) error {
		forms = forms[:0]
		for i := range r.batch.Columns() {
			forms = appendForm(forms, r.batch.Column(i), r.row)
		}
		total.Add(digest.Of(forms))
		return nil
	}, "")
	return total, err
}

// appendForm appends the canonical form of one value.
func appendForm(dst []byte, values arrow.Array, row int) []byte {
	if values.IsNull(row) {
		return digest.AppendNull(dst)
	}
	switch v := values.(type) {
	case *array.Int64:
		return digest.AppendInt(dst, v.Value(row))
	case *array.Float64:
		return digest.AppendDouble(dst, v.Value(row))
	case *array.Boolean:
		return digest.AppendBool(dst, v.Value(row))
	case *array.Timestamp:
		return digest.AppendInstant(dst, int64(v.Value(row)))
	case *array.Decimal128:
		n := v.Value(row)
		return digest.AppendDecimal(dst, n.HighBits(), n.LowBits())
	case *array.String:
		return digest.AppendText(dst, v.Value(row))
	case *array.Binary:
		return digest.AppendBytes(dst, v.Value(row))
	}
	return digest.AppendText(dst, values.ValueStr(row))
}

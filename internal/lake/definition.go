package lake

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"
)

// firstPartitionField is where the Iceberg specification starts to number
// partition fields.
const firstPartitionField = 1000

// Definition is what a table of T should look like. Partitioning and sort
// order take effect when the table is created; an existing table keeps its
// own partitioning, since rows can be written under any.
type Definition[T any] struct {
	Namespace, Name string
	Columns         []Column[T]
	// PartitionByDay names an Instant column; empty means one partition.
	PartitionByDay string
	// SortBy names the columns that rows are ordered by within a file.
	SortBy []string
	// KeepSnapshots is how many of the newest snapshots stay readable; zero
	// keeps all. See expire.go for what that costs.
	KeepSnapshots int
	// Dropped are columns that an older version filled, and this one does not: in
	// the table they become optional, and are null in new rows.
	Dropped []string
}

// Validate reports every problem of d, joined.
func (d Definition[T]) Validate() error {
	var problems []error
	report := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("table %s.%s: "+format, append([]any{d.Namespace, d.Name}, args...)...))
	}
	if d.Namespace == "" || d.Name == "" {
		report("a table needs a namespace and a name")
	}
	if len(d.Columns) == 0 {
		report("a table needs a column")
	}
	seen := map[string]bool{}
	for _, c := range d.Columns {
		if c.name == "" || c.kind == nil {
			report("a column has no name or was not made by a constructor")
			continue
		}
		if folded := strings.ToLower(c.name); seen[folded] {
			report("column %q is defined twice; most engines ignore case", c.name)
		} else {
			seen[folded] = true
		}
		if dec, ok := c.kind.(iceberg.DecimalType); ok &&
			(dec.Precision() < 1 || dec.Precision() > 38 || dec.Scale() < 0 || dec.Scale() > dec.Precision()) {
			report("column %q: precision must be 1 to 38 and scale within it", c.name)
		}
	}
	if day := d.PartitionByDay; day != "" {
		if c, ok := d.column(day); !ok || !c.kind.Equals(iceberg.PrimitiveTypes.TimestampTz) {
			report("partitioning by day needs an instant column, %q is none", day)
		}
	}
	if d.KeepSnapshots < 0 {
		report("keeping %d snapshots: write 0 for all, or how many", d.KeepSnapshots)
	}
	for _, name := range d.SortBy {
		if _, ok := d.column(name); !ok {
			report("sorting by %q: no such column", name)
		}
	}
	return errors.Join(problems...)
}

func (d Definition[T]) column(name string) (Column[T], bool) {
	i := slices.IndexFunc(d.Columns, func(c Column[T]) bool { return c.name == name })
	if i < 0 {
		return Column[T]{}, false
	}
	return d.Columns[i], true
}

// compare orders rows by SortBy; d is valid.
func (d Definition[T]) compare() func(a, b T) int {
	var by []func(a, b T) int
	for _, name := range d.SortBy {
		if c, ok := d.column(name); ok {
			by = append(by, c.compare)
		}
	}
	return func(a, b T) int {
		for _, compare := range by {
			if n := compare(a, b); n != 0 {
				return n
			}
		}
		return 0
	}
}

func (d Definition[T]) schema() *iceberg.Schema {
	fields := make([]iceberg.NestedField, len(d.Columns))
	for i, c := range d.Columns {
		fields[i] = iceberg.NestedField{ID: i + 1, Name: c.name, Type: c.kind, Required: c.required}
	}
	return iceberg.NewSchema(0, fields...)
}

func (d Definition[T]) options(schema *iceberg.Schema) ([]catalog.CreateTableOpt, error) {
	options := []catalog.CreateTableOpt{catalog.WithProperties(tableProperties())}
	if d.PartitionByDay != "" {
		source, _ := schema.FindFieldByName(d.PartitionByDay)
		spec := iceberg.NewPartitionSpec(iceberg.PartitionField{
			SourceIDs: []int{source.ID}, FieldID: firstPartitionField,
			Name: d.PartitionByDay + "_day", Transform: iceberg.DayTransform{},
		})
		options = append(options, catalog.WithPartitionSpec(&spec))
	}
	if len(d.SortBy) == 0 {
		return options, nil
	}
	var fields []table.SortField
	for _, name := range d.SortBy {
		source, _ := schema.FindFieldByName(name)
		fields = append(fields, table.SortField{
			SourceIDs: []int{source.ID}, Transform: iceberg.IdentityTransform{},
			Direction: table.SortASC, NullOrder: table.NullsFirst,
		})
	}
	order, err := table.NewSortOrder(1, fields)
	if err != nil {
		return nil, fmt.Errorf("making sort order: %w", err)
	}
	return append(options, catalog.WithSortOrder(order)), nil
}

// tableProperties keep a table that is appended to every second readable:
// small manifests are merged, and old metadata files go away.
func tableProperties() iceberg.Properties {
	return iceberg.Properties{
		table.PropertyFormatVersion:               "2",
		table.ParquetCompressionKey:               "zstd",
		table.ManifestMergeEnabledKey:             "true",
		table.MetadataDeleteAfterCommitEnabledKey: "true",
		table.MetadataPreviousVersionsMaxKey:      "100",
	}
}

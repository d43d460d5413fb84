package lake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"golang.org/x/sync/errgroup"
)

const (
	// formBatch is how many rows are decoded at once: what they take stays in
	// the processor's cache.
	formBatch = 8 << 10
	// formChunk is how many bytes of files a worker takes at once, so that many
	// small files do not cost a plan each.
	formChunk = 32 << 20
)

// ErrNotAppended is returned where the rows that came after a snapshot are
// asked for, and some were removed since: what was added is then not what is there.
var ErrNotAppended = errors.New("rows were removed or written over")

// FormScan says whose forms to read.
type FormScan struct {
	// Columns in the order of their forms: those of the key first.
	Columns []string
	// Keys is how many columns make the key.
	Keys int
	// SnapshotID and After are those of ScanOptions.
	SnapshotID int64
	After      int64
	// Instant names a column of moments: files that have no row from From on,
	// and before To, are not read. Rows outside may come all the same.
	Instant  string
	From, To time.Time
	// Workers read at once; default 1.
	Workers int
}

// Forms are the canonical forms of one row's values, as the package digest
// writes them: Values has all columns, and begins with Key. They are valid
// during the call that they are handed to.
type Forms struct{ Key, Values []byte }

// ScanForms calls each for every row, from several workers at once but never
// twice at once for one worker (counted from 0), in no order. Memory is that of
// a batch of rows for each worker, whatever the table's size.
func (l *Lake) ScanForms(ctx context.Context, namespace, name string, o FormScan, each func(worker int, f Forms) error) error {
	current, err := l.load(ctx, namespace, name)
	if err != nil {
		return err
	}
	if current.CurrentSnapshot() == nil && o.SnapshotID == 0 {
		return nil
	}
	if err := o.scan(ctx, current, each); err != nil {
		return fmt.Errorf("scanning %s.%s: %w", namespace, name, diagnose(err))
	}
	return nil
}

func (o FormScan) scan(ctx context.Context, current *table.Table, each func(int, Forms) error) error {
	read := ScanOptions{Columns: o.Columns, SnapshotID: o.SnapshotID, After: o.After}
	options, _, err := read.options(current)
	if err != nil {
		return err
	}
	options = append(options, table.WithMaxConcurrency(1), table.WithArrowBatchSize(formBatch))
	tasks, err := o.plan(ctx, current, options)
	if err != nil {
		return err
	}
	chunks, next := chunksOf(tasks), atomic.Int64{}
	group, ctx := errgroup.WithContext(ctx)
	for worker := range max(o.Workers, 1) {
		group.Go(func() (err error) {
			scan := current.Scan(options...)
			defer func() { err = errors.Join(err, scan.Close()) }()
			w := formWorker{columns: o.Columns, keys: o.Keys, each: func(f Forms) error { return each(worker, f) }}
			for i := next.Add(1) - 1; i < int64(len(chunks)); i = next.Add(1) - 1 {
				if err := w.read(ctx, scan, chunks[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// plan lists the files to read.
func (o FormScan) plan(ctx context.Context, current *table.Table, options []table.ScanOption) ([]table.FileScanTask, error) {
	if o.Instant != "" {
		filter, err := o.window(current)
		if err != nil {
			return nil, err
		}
		options = append(slices.Clip(options), table.WithRowFilter(filter))
	}
	tasks, err := o.files(ctx, current, options)
	if err != nil {
		return nil, fmt.Errorf("planning: %w", err)
	}
	for i := range tasks {
		tasks[i].Residual = nil // the caller knows better which rows it wants
	}
	return tasks, nil
}

func (o FormScan) files(ctx context.Context, current *table.Table, options []table.ScanOption) (_ []table.FileScanTask, err error) {
	if o.After == 0 {
		scan := current.Scan(options...)
		defer func() { err = errors.Join(err, scan.Close()) }()
		return scan.PlanFiles(ctx)
	}
	to := o.SnapshotID
	if to == 0 {
		to = current.CurrentSnapshot().SnapshotID
	}
	if to == o.After {
		return nil, nil
	}
	if err := onlyAppended(current, o.After, to); err != nil {
		return nil, err
	}
	return current.NewIncrementalAppendScan(options...).FromSnapshotExclusive(o.After).ToSnapshot(to).PlanFiles(ctx)
}

// onlyAppended looks at each snapshot after one, up to another.
func onlyAppended(current *table.Table, after, to int64) error {
	for id := to; id != after; {
		s := current.SnapshotByID(id)
		if s == nil || s.ParentSnapshotID == nil {
			return fmt.Errorf("%w %d: it is no ancestor of snapshot %d, or is expired", ErrNoSnapshot, after, to)
		}
		if s.Summary != nil && s.Summary.Operation != table.OpAppend && s.Summary.Operation != table.OpReplace {
			return fmt.Errorf("snapshot %d is of a %s: %w", id, s.Summary.Operation, ErrNotAppended)
		}
		id = *s.ParentSnapshotID
	}
	return nil
}

// window is what rows of the window fulfil. A row without a moment is of none.
func (o FormScan) window(current *table.Table) (iceberg.BooleanExpression, error) {
	field, ok := current.Schema().FindFieldByName(o.Instant)
	if !ok {
		return nil, fmt.Errorf("no column %q", o.Instant)
	}
	layout := "2006-01-02T15:04:05.000000"
	switch field.Type.(type) {
	case iceberg.TimestampType, iceberg.TimestampNsType:
	case iceberg.TimestampTzType, iceberg.TimestampTzNsType:
		layout += "-07:00"
	default:
		return nil, fmt.Errorf("column %q is %s, and no moment to choose rows by", o.Instant, field.Type)
	}
	filter := iceberg.BooleanExpression(iceberg.AlwaysTrue{})
	add := func(op iceberg.Operation, at time.Time) error {
		if at.IsZero() {
			return nil
		}
		literal, err := iceberg.NewLiteral(at.UTC().Format(layout)).To(field.Type)
		if err != nil {
			return fmt.Errorf("column %q is %s: %w", o.Instant, field.Type, err)
		}
		filter = iceberg.NewAnd(filter, iceberg.LiteralPredicate(op, iceberg.Reference(o.Instant), literal))
		return nil
	}
	return filter, errors.Join(add(iceberg.OpGTEQ, o.From), add(iceberg.OpLT, o.To))
}

// chunksOf puts files together until they are worth a reader.
func chunksOf(tasks []table.FileScanTask) [][]table.FileScanTask {
	var out [][]table.FileScanTask
	from, size := 0, int64(0)
	for i, t := range tasks {
		size += t.Length
		if size >= formChunk || i == len(tasks)-1 {
			out = append(out, tasks[from:i+1])
			from, size = i+1, 0
		}
	}
	return out
}

// formWorker turns the rows of files into forms, one after the other.
type formWorker struct {
	columns []string
	keys    int
	each    func(Forms) error
	buffer  []byte
}

func (w *formWorker) read(ctx context.Context, scan *table.Scan, tasks []table.FileScanTask) error {
	schema, batches, err := scan.ReadTasks(ctx, tasks)
	if err != nil {
		return err
	}
	places := make([]int, len(w.columns))
	for i, name := range w.columns {
		at := schema.FieldIndices(name)
		if len(at) != 1 {
			return fmt.Errorf("no column %q", name)
		}
		places[i] = at[0]
	}
	for batch, err := range batches {
		if err != nil {
			return err
		}
		err = w.batch(batch, places)
		batch.Release()
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (w *formWorker) batch(batch arrow.RecordBatch, places []int) error {
	write := make([]writeForm, len(places))
	for i, at := range places {
		var err error
		if write[i], err = formOf(batch.Column(at)); err != nil {
			return fmt.Errorf("column %q: %w", w.columns[i], err)
		}
	}
	for row := range int(batch.NumRows()) {
		forms, key := w.buffer[:0], 0
		for i, f := range write {
			if i == w.keys {
				key = len(forms)
			}
			forms = f(forms, row)
		}
		if w.keys >= len(write) {
			key = len(forms)
		}
		w.buffer = forms
		if err := w.each(Forms{Key: forms[:key:key], Values: forms}); err != nil {
			return err
		}
	}
	return nil
}

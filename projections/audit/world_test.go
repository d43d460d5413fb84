package audit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/digest"
)

// world is a topic, a table and all that is said of them, in memory.
type world struct {
	log      map[int32][]string // values by partition; "" is gone
	rows     []row
	letters  []audit.Letter
	receipts []audit.Said
	touched  map[audit.Place]audit.Change

	mu       sync.Mutex
	fails    map[string]error // by source, once each
	reads    int
	rowReads int
}

// row came with a snapshot, counted from 1.
type row struct {
	snapshot int64
	value    string
}

var (
	_ audit.Log      = (*world)(nil)
	_ audit.Table    = (*world)(nil)
	_ audit.Letters  = (*world)(nil)
	_ audit.Receipts = (*world)(nil)
	_ audit.Truth    = (*world)(nil)
)

// value is how a record stands in the log: key, a number, a moment.
func value(key string, n, at int64) string { return fmt.Sprintf("%s|%d|%d", key, n, at) }

// former reads such values.
type former struct{ key, values []byte }

func newFormer() audit.Former { return &former{} }

func (f *former) Forms(_ context.Context, v []byte) (audit.Forms, error) {
	parts := strings.Split(string(v), "|")
	if string(v) == "away" {
		return audit.Forms{}, fmt.Errorf("asking the registry: %w", audit.ErrAway)
	}
	if len(parts) != 3 {
		return audit.Forms{}, errors.New("the value ends early")
	}
	n, _ := strconv.ParseInt(parts[1], 10, 64)
	at, _ := strconv.ParseInt(parts[2], 10, 64)
	f.key = digest.AppendText(f.key[:0], parts[0])
	f.values = digest.AppendInstant(digest.AppendInt(f.values[:0], n), at)
	return audit.Forms{Key: f.key, Values: f.values}, nil
}

func keyOf(key string) []byte { return digest.AppendText(nil, key) }

// fail is what a source answers once.
func (w *world) fail(source string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.fails[source]
	delete(w.fails, source)
	return err
}

func (w *world) Read(_ context.Context, r audit.Range, each func([]audit.Record) error) ([]audit.Range, int64, error) {
	w.mu.Lock()
	w.reads++
	w.mu.Unlock()
	if err := w.fail("log"); err != nil {
		return nil, r.From, err
	}
	var holes []audit.Range
	var batch []audit.Record
	for o := r.From; o < r.To; o++ {
		v := w.log[r.Partition][o]
		if v == "" {
			holes = append(holes, audit.Range{Partition: r.Partition, From: o, To: o + 1})
			continue
		}
		batch = append(batch, audit.Record{Offset: o, Millis: 1, Value: []byte(v)})
		if len(batch) == 2 {
			if err := each(batch); err != nil {
				return holes, o, err
			}
			batch = batch[:0]
		}
	}
	if len(batch) > 0 {
		if err := each(batch); err != nil {
			return holes, r.To, err
		}
	}
	return holes, r.To, nil
}

func (w *world) last() (last int64) {
	for _, r := range w.rows {
		last = max(last, r.snapshot)
	}
	return last
}

func (w *world) Pin(context.Context) (int64, error) { return w.last(), w.fail("pin") }

func (w *world) Rows(ctx context.Context, r audit.Rows, each func(int, audit.Forms) error) error {
	if err := w.fail("table"); err != nil {
		return err
	}
	w.mu.Lock()
	w.rowReads++
	w.mu.Unlock()
	var wait sync.WaitGroup
	for worker := range r.Workers {
		wait.Go(func() {
			f := &former{}
			for i, one := range w.rows {
				if i%r.Workers != worker || one.snapshot > r.Snapshot || one.snapshot <= r.After {
					continue
				}
				forms, err := f.Forms(ctx, []byte(one.value))
				if err != nil || each(worker, forms) != nil {
					panic("rows can be read")
				}
			}
		})
	}
	wait.Wait()
	return nil
}

func (w *world) Letters(_ context.Context, each func(audit.Letter) error) error {
	for _, l := range w.letters {
		if err := each(l); err != nil {
			return err
		}
	}
	return w.fail("letters")
}

func (w *world) Receipts(_ context.Context, each func(audit.Said) error) error {
	for _, s := range w.receipts {
		if err := each(s); err != nil {
			return err
		}
	}
	return w.fail("receipts")
}

func (w *world) Touched(_ context.Context, each func(audit.Place, audit.Change) error) error {
	for at, c := range w.touched {
		if err := each(at, c); err != nil {
			return err
		}
	}
	return w.fail("truth")
}

// send puts a value into the log.
func (w *world) send(partition int32, v string) audit.Place {
	if w.log == nil {
		w.log = map[int32][]string{}
	}
	w.log[partition] = append(w.log[partition], v)
	return audit.Place{Partition: partition, Offset: int64(len(w.log[partition]) - 1)}
}

func (w *world) ranges() (all []audit.Range) {
	for p, values := range w.log {
		all = append(all, audit.Range{Partition: p, To: int64(len(values))})
	}
	slices.SortFunc(all, func(a, b audit.Range) int { return int(a.Partition - b.Partition) })
	return all
}

// audit is how this world is audited: small enough that every group, slice and
// bucket has its edge somewhere.
func (w *world) audit() audit.Config {
	c := audit.Config{
		Log: w, Table: w, Formers: newFormer, Columns: []string{"key", "n", "at"}, Keys: 1,
		Window:  audit.Window{Log: w.ranges(), Alone: true},
		Letters: []audit.Letters{w}, Truth: w, Workers: 2, Group: 5, Slice: 3, Power: 4,
	}
	if w.receipts != nil {
		c.Receipts = w
	}
	return c
}

// counts are a tally's, by name.
func counts(t account.Tally) map[string]int64 {
	out := map[string]int64{}
	for c, n := range t.Counts() {
		out[c.String()] = n
	}
	return out
}

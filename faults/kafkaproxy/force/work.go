package force

import (
	"context"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
)

// work is the records of one partition on their way through the rules.
type work struct {
	e         *Engine
	x         *relay.Exchange
	topic     string
	partition int32
	produce   bool
	batch     uint64 // of truth, on produce
	from      int64  // records before it are not for the client, which skips them

	raw    []byte
	empty  bool // on produce: nothing is left
	marks  []*mark
	copies []*copied
}

// mark is an entry, and the rule that it is of.
type mark struct {
	a *active
	truth.Entry
}

// pass lets one rule at the records. What it did is undone where the records
// could not be written or read as a whole: then nobody can say which of them
// it touched.
func (w *work) pass(ctx context.Context, a *active) {
	var marks []*mark
	var copies []*copied
	var pairs pairing
	batches, empty := 0, false
	edit := func(again bool) ([]byte, error) {
		h := hand{work: w, active: a, at: -1, pairs: &pairs, again: again}
		some := func(b *record.Batch, size int) bool {
			h.at++
			h.batch = b
			return !h.passes(size)
		}
		out, err := w.e.codec.EditSome(w.raw, some, func(*record.Batch) (bool, error) {
			h.empty = false
			changed := h.edit(ctx)
			empty = empty || h.empty
			return changed && !h.empty, nil
		})
		marks, copies, batches = append(marks, h.marks...), append(copies, h.copies...), h.at+1
		return out, err
	}
	out, err := edit(false)
	if err == nil && pairs.any() {
		out, err = edit(true)
	}
	if unread, ok := errors.AsType[*record.Unread](err); ok {
		a.tally.unread(uint64(unread.Batches), cause(unread.First)) //nolint:gosec // a count
	}
	touched := uint64(len(marks))
	switch {
	case err != nil && touched > 0:
		a.tally.skipped(touched, "in the same partition there is a batch that cannot be read")
		return
	case empty && batches > 1:
		a.tally.skipped(touched, "all records of one of several batches would be gone, which no broker takes")
		return
	}
	w.raw, w.empty, w.copies = out, empty, append(w.copies, copies...)
	w.marks = append(w.marks, marks...)
}

// entry begins the account of one record.
func (w *work) entry(a *active, what string) *mark {
	way := "fetch"
	if w.produce {
		way = "produce"
	}
	return &mark{a: a, Entry: truth.Entry{
		Experiment: a.of.Experiment, Step: a.of.Step, Receipt: a.ID, Fault: a.Fault, What: what,
		Topic: w.topic, Partition: w.partition, Offset: -1, Way: way, Client: w.x.Header.ClientID,
	}}
}

// write puts all that was done on disk before it is passed on. Where that
// fails everything stays as it came, and the rules are told so.
func (e *Engine) write(marks []*mark) error {
	if len(marks) == 0 {
		return nil
	}
	err := errNoJournal
	if e.options.Journal != nil {
		entries := make([]truth.Entry, len(marks))
		for i, m := range marks {
			entries[i] = m.Entry
		}
		err = e.options.Journal.Write(entries)
	}
	for _, m := range marks {
		if err != nil {
			m.a.tally.skipped(1, "the ground truth could not be written: "+cause(err))
			continue
		}
		m.a.tally.touched(1)
	}
	if err != nil {
		e.options.Log.Error("records are passed on untouched, since what would be done to them cannot be written down", "error", err)
		return fmt.Errorf("accounting for %d records: %w", len(marks), err)
	}
	return nil
}

var errNoJournal = errors.New("there is no journal")

// cause is the innermost error, which does not speak of one record: reasons
// are counted.
func cause(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// what names what a rule does to a record, for the ground truth.
func what(a *active) string {
	if r := a.Records; r != nil {
		return map[rule.RecordFault]string{
			rule.Drop: "dropped", rule.Hold: "held", rule.SwapValues: "values_swapped",
			rule.Reorder: "reordered", rule.Duplicate: "duplicated",
		}[r.Do]
	}
	if c := a.Corrupt; c.Do == rule.FieldSwap && len(c.Fields) == 2 && c.Fields[0] == "price" && c.Fields[1] == "quantity" {
		return "price_value_swap"
	}
	return map[rule.Corruption]string{
		rule.FieldSwap: "field_swap", rule.BitFlip: "bit_flip", rule.Truncate: "truncate",
		rule.WrongSchemaID: "wrong_schema_id", rule.NullValue: "null_value", rule.WrongType: "wrong_type",
		rule.TimestampShift: "timestamp_shift", rule.NewField: "new_field",
	}[a.Corrupt.Do]
}

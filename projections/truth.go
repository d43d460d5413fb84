package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
	"github.com/k2-platform/faultline/internal/lake"
)

// Truth is one record of the ground truth and where it stands in the log.
type Truth struct {
	Fact      truth.Fact
	Topic     string
	Partition int32
	Offset    int64
}

// TruthRow is one record of the system under test that a fault touched.
type TruthRow struct {
	Source
	Entry truth.Entry
}

// GroundTruth makes a row for each entry above what came before. A closing
// statement makes none: its counts are in the books.
func GroundTruth(t Truth, above uint64) []TruthRow {
	if t.Fact.Entries == nil {
		return nil
	}
	var rows []TruthRow
	for _, e := range t.Fact.Entries.Entries {
		if e.Seq > above {
			rows = append(rows, TruthRow{Source{t.Topic, t.Partition, t.Offset}, e})
		}
	}
	return rows
}

func truthTable() lake.Definition[TruthRow] {
	text := func(name string, get func(truth.Entry) string) lake.Column[TruthRow] {
		return lake.Text(name, func(r TruthRow) string { return get(r.Entry) })
	}
	return define("ground_truth", []lake.Column[TruthRow]{
		text("experiment", func(e truth.Entry) string { return e.Experiment }),
		text("run", func(e truth.Entry) string { return e.Run }),
		lake.Count("seq", func(r TruthRow) uint64 { return r.Entry.Seq }),
		text("step", func(e truth.Entry) string { return e.Step }),
		text("receipt", func(e truth.Entry) string { return e.Receipt }),
		text("fault", func(e truth.Entry) string { return e.Fault }),
		text("what", func(e truth.Entry) string { return e.What }),
		text("record_topic", func(e truth.Entry) string { return e.Topic }),
		lake.Int("record_partition", func(r TruthRow) int64 { return int64(r.Entry.Partition) }),
		lake.OptionalInt("record_offset", func(r TruthRow) (int64, bool) { return r.Entry.Offset, r.Entry.Offset >= 0 }),
		text("way", func(e truth.Entry) string { return e.Way }),
		text("client", func(e truth.Entry) string { return e.Client }),
		lake.OptionalText("before", func(r TruthRow) (string, bool) { return some(r.Entry.Before) }),
		lake.OptionalText("after", func(r TruthRow) (string, bool) { return some(r.Entry.After) }),
		lake.Instant(at, func(r TruthRow) time.Time { return r.Entry.At }),
	}, "run", "seq")
}

// life is what a run of the proxy did in one experiment. Its entries come in
// the order of their seq, at least once: what is not above the highest so far
// is a repeat.
type life struct{ experiment, run string }

// Truth keeps the rows of a record of the ground truth for the next Flush, but
// those that came before. The first time it meets a run it asks the table how
// far that is; the error is of that question.
func (s *Set) Truth(ctx context.Context, t Truth) error {
	all := t.Fact.Entries
	if all == nil {
		return nil
	}
	of := life{all.Experiment, all.Run}
	have, ok := s.lives[of]
	if !ok {
		var err error
		if have, err = s.reached(ctx, of); err != nil {
			return err
		}
	}
	s.truth.add(GroundTruth(t, have))
	s.lives[of] = max(have, all.Entries[len(all.Entries)-1].Seq)
	return nil
}

// reached is the highest seq of a life in the table.
func (s *Set) reached(ctx context.Context, of life) (highest uint64, err error) {
	err = s.lake.Scan(ctx, Namespace, s.truth.name, lake.ScanOptions{
		Columns: []string{"seq"}, Equals: map[string]string{"experiment": of.experiment, "run": of.run},
	}, func(r lake.Row) error {
		seq, _ := r.Int("seq")
		highest = max(highest, uint64(seq)) //nolint:gosec // it was written from one
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("asking the table how far run %s of experiment %s is: %w", of.run, of.experiment, err)
	}
	return highest, nil
}

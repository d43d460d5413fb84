package checks

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/k2-platform/faultline/internal/lake"
)

// Offsets expects the table and the source topic to agree on how far the table
// is, by the watermarks that the table's writer puts into its snapshots: they
// only rise, no snapshot adds more rows than its watermark moved, the newest is
// not past the end of the topic, nothing between it and the topic's oldest
// record is gone, and the sink's group has committed no offset whose record the
// table cannot have.
//
// A table whose writer puts no watermark into it has the group's offsets in its
// place: those are held against the topic alone, as nothing says which rows they
// stand for. Where there is no group either it is not applicable.
type Offsets struct{}

// Name implements Check.
func (Offsets) Name() string { return "committed_offsets" }

// Run implements Check.
func (Offsets) Run(ctx context.Context, in Input) ([]Result, error) {
	if in.Offsets == nil {
		return nil, fmt.Errorf("%w: the offsets of the source topic were not read", ErrNothing)
	}
	// What the sink has committed before is in the table now, and what the table
	// has now is in the topic after.
	before, err := in.Offsets(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the offsets of the source topic: %w", err)
	}
	a, err := in.anatomy(ctx)
	if err != nil {
		return nil, err
	}
	now, err := in.Offsets(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the offsets of the source topic: %w", err)
	}
	t := tide{topic: before.Topic, window: map[int64]bool{}}
	for _, s := range in.later(a) {
		t.window[s.ID] = true
	}
	if err := t.snapshots(a); err != nil {
		return nil, err
	}
	t.who = "the table"
	if t.mark == nil && a.Current != 0 {
		if len(before.Committed) == 0 {
			return nil, fmt.Errorf("%w: no snapshot of %s has a watermark of topic %s, so its writer keeps its offsets elsewhere, and no consumer group that is known has any: name the sink's group in the platform's books",
				ErrNotApplicable, in.Name, t.topic)
		}
		t.who, t.mark = "the sink's group", before.Committed
	}
	t.topicSays(Places{Start: before.Start, End: now.End, Committed: before.Committed})
	r := t.wrong.result(fmt.Sprintf("topic %s: %s is at %s, the topic ends at %s", t.topic, t.who, offsets(t.mark), offsets(now.End)))
	r.Cost.Rows = int64(len(t.window))
	return []Result{r}, nil
}

// tide is how the watermark of one topic rises from snapshot to snapshot.
type tide struct {
	topic  string
	who    string          // whose the mark is
	window map[int64]bool  // the snapshots that are checked
	mark   map[int32]int64 // the newest, nil before the first
	wrong  examples
}

// snapshots follows the current snapshot's ancestors from the oldest on.
func (t *tide) snapshots(a *lake.Anatomy) error {
	byID := map[int64]lake.AnatomySnapshot{}
	for _, s := range a.Snapshots {
		byID[s.ID] = s
	}
	var line []lake.AnatomySnapshot
	for s, ok := byID[a.Current]; ok && len(line) <= len(byID); s, ok = byID[s.Parent] {
		line = append(line, s)
	}
	slices.Reverse(line)
	for i, s := range line {
		mark, err := s.Watermark()
		if err != nil {
			return err
		}
		if of := t.of(mark); of != nil { // another's snapshot moves no offsets
			t.rise(s, of, i > 0 || s.Parent == 0)
		}
	}
	return nil
}

// of is the part of the topic, nil where there is none.
func (t *tide) of(mark lake.Watermark) map[int32]int64 {
	var out map[int32]int64
	for p, next := range mark {
		if p.Topic != t.topic {
			continue
		}
		if out == nil {
			out = map[int32]int64{}
		}
		out[p.Partition] = next
	}
	return out
}

// rise goes on to the next watermark; counted says that what came before it is
// known.
func (t *tide) rise(s lake.AnatomySnapshot, next map[int32]int64, counted bool) {
	before := t.mark
	if t.mark = next; !t.window[s.ID] {
		return
	}
	var moved int64
	for p := range union(before, next) {
		if next[p] < before[p] {
			t.wrong.add("snapshot %d moves partition %d back from %d to %d: its records are read again, and doubled", s.ID, p, before[p], next[p])
		}
		moved += max(next[p]-before[p], 0)
	}
	added, _ := s.Count(lake.AddedRecords)
	deleted, _ := s.Count(lake.DeletedRecords) // a compaction takes away as many as it adds
	if more := added - deleted; counted && more > moved {
		t.wrong.add("snapshot %d adds %d rows, and its watermark moved by %d records, to %s", s.ID, more, moved, offsets(next))
	}
}

func (t *tide) topicSays(p Places) {
	for at := range union(p.End, t.mark) {
		if t.mark[at] > p.End[at] {
			t.wrong.add("partition %d: %s has all below %d, and the topic ends at %d: it was made anew, or lost its end", at, t.who, t.mark[at], p.End[at])
		}
		if t.mark[at] < p.Start[at] {
			t.wrong.add("partition %d: offsets %d to %d are gone from the topic, and %s lacks them", at, t.mark[at], p.Start[at]-1, t.who)
		}
	}
	for at := range union(p.Committed, nil) {
		if p.Committed[at] > t.mark[at] {
			t.wrong.add("partition %d: the sink committed offset %d, and the table has all below %d only: %d records were committed before they were written",
				at, p.Committed[at], t.mark[at], p.Committed[at]-t.mark[at])
		}
	}
}

// union are the partitions of either, in order.
func union(a, b map[int32]int64) func(func(int32) bool) {
	all := maps.Clone(a)
	if all == nil {
		all = map[int32]int64{}
	}
	maps.Copy(all, b)
	return slices.Values(slices.Sorted(maps.Keys(all)))
}

// offsets writes offsets in the order of partitions.
func offsets(m map[int32]int64) string {
	var each []string
	for p := range union(m, nil) {
		each = append(each, fmt.Sprintf("%d:%d", p, m[p]))
	}
	return cmp.Or(strings.Join(each, " "), "none")
}

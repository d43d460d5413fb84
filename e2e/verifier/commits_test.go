package verifier_test

import (
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/audit/sources"
	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/sink"
)

// commit is one snapshot of the table's line: the records that it moved the
// position by.
type commit struct {
	lake.AnatomySnapshot
	ranges []audit.Range
	rows   int64
}

// commits are those of the table's line, the oldest first.
func (w *world) commits() []commit {
	w.t.Helper()
	a, err := w.lake.Anatomy(w.t.Context(), sink.Namespace, sink.Table)
	require.NoError(w.t, err)
	byID := map[int64]lake.AnatomySnapshot{}
	for _, s := range a.Snapshots {
		byID[s.ID] = s
	}
	var out []commit
	for s, ok := byID[a.Current]; ok; s, ok = byID[s.Parent] {
		c := commit{AnatomySnapshot: s, ranges: sources.RangesOf(w.markAt(s.Parent), w.markAt(s.ID))}
		c.rows, _ = s.Count(lake.AddedRecords)
		out = append(out, c)
	}
	slices.Reverse(out)
	return out
}

// markAt is where the sink was at a snapshot.
func (w *world) markAt(snapshot int64) map[int32]int64 {
	w.t.Helper()
	if snapshot == 0 {
		return nil
	}
	mark, err := w.lake.WatermarkAt(w.t.Context(), sink.Namespace, sink.Table, snapshot)
	require.NoError(w.t, err)
	return partitions(mark)
}

// mark is where the table is now.
func (w *world) mark() map[int32]int64 {
	w.t.Helper()
	mark, err := w.table.Watermark(w.t.Context())
	require.NoError(w.t, err)
	return partitions(mark)
}

func partitions(mark lake.Watermark) map[int32]int64 {
	out := map[int32]int64{}
	for at, next := range mark {
		if at.Topic == broker.Topic {
			out[at.Partition] = next
		}
	}
	return out
}

// good are the places of a range that are not spoilt.
func (w *world) good(ranges []audit.Range) places {
	out := places{}
	for _, r := range ranges {
		for o := r.From; o < r.To; o++ {
			out[audit.Place{Partition: r.Partition, Offset: o}] = true
		}
	}
	for _, s := range w.spoilt {
		delete(out, s.at)
	}
	return out
}

// rowsOf are the records whose rows a snapshot added.
func (w *world) rowsOf(snapshots ...int64) places {
	w.t.Helper()
	a, err := w.lake.Anatomy(w.t.Context(), sink.Namespace, sink.Table)
	require.NoError(w.t, err)
	at := map[string]audit.Place{}
	all, err := w.told()
	require.NoError(w.t, err)
	for _, r := range all {
		at[r.TradeID] = audit.Place{Partition: r.Partition, Offset: r.Offset}
	}
	out := places{}
	for _, s := range a.Snapshots {
		if !slices.Contains(snapshots, s.ID) {
			continue
		}
		options := lake.ScanOptions{Columns: []string{"trade_id"}, SnapshotID: s.ID, After: s.Parent}
		require.NoError(w.t, w.lake.Scan(w.t.Context(), sink.Namespace, sink.Table, options, func(r lake.Row) error {
			id, _ := r.Text("trade_id")
			out[at[id]] = true
			return nil
		}))
	}
	return out
}

// late closes the books of each commit, one after the other, and gives the
// records whose rows came with a later one.
func (w *world) late() places {
	w.t.Helper()
	p, out := w.flow(), places{}
	all := w.commits()
	for _, c := range all {
		window := audit.Window{Log: c.ranges, After: c.Parent, Deadline: c.ID, Snapshot: all[len(all)-1].ID}
		config := w.config(p, window)
		config.Receipts = nil // they are of all commits
		for at := range placesOf(w.run(config))[account.Late] {
			out[at] = true
		}
	}
	return out
}

package sources

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/audit"
)

// By says how a window of time is found in log and table.
type By string

// The ways.
const (
	// ByCommits goes by the table's snapshots: what the sink committed in the time,
	// offsets and rows alike. The table has to hold the offsets.
	ByCommits By = "commits"
	// ByMoment goes by when each record was made, as the books' column says.
	ByMoment By = "moment"
	// ByOffsets goes by the time that records have in the log. Rows that nobody
	// produced are then not found.
	ByOffsets By = "offsets"
)

// Ways lists them.
func Ways() []By { return []By{ByCommits, ByMoment, ByOffsets} }

// Best is the way that finds most: ByCommits where the table holds the offsets,
// else ByMoment where the books name a column.
func (p *Platform) Best(ctx context.Context) (By, error) {
	_, owned, err := p.Sink(ctx)
	switch {
	case err != nil:
		return "", err
	case owned:
		return ByCommits, nil
	case p.moment() >= 0:
		return ByMoment, nil
	}
	return ByOffsets, nil
}

// Window is the records from one time to another. slack is how much earlier or
// later than its moment a record may stand in the log; it is for ByMoment.
func (p *Platform) Window(ctx context.Context, by By, from, to time.Time, slack time.Duration) (audit.Window, error) {
	switch by {
	case ByCommits:
		return p.byCommits(ctx, from, to)
	case ByMoment:
		column := p.moment()
		if column < 0 {
			return audit.Window{}, errors.New("the books name no column that says when a record was made: write moment: in the platform, or audit --by offsets")
		}
		w, err := p.byOffsets(ctx, from.Add(-slack), to.Add(slack))
		w.Alone, w.Moments = true, &audit.Moments{Column: column, From: from.UnixMicro(), To: to.UnixMicro()}
		return w, err
	case ByOffsets:
		return p.byOffsets(ctx, from, to)
	}
	return audit.Window{}, fmt.Errorf("auditing by %q: write one of %v", by, Ways())
}

func (p *Platform) byCommits(ctx context.Context, from, to time.Time) (audit.Window, error) {
	before, err := p.Lake.Since(ctx, p.Books.Namespace, p.Books.Table, from)
	if err != nil {
		return audit.Window{}, fmt.Errorf("%w; audit a later time, or --by moment", err)
	}
	// What was sent until then is committed some time after.
	ends, err := p.Ends(ctx, to)
	if err != nil {
		return audit.Window{}, err
	}
	mark := lake.Watermark{}
	for partition, end := range ends {
		mark[lake.Partition{Topic: p.Books.Topic, Partition: partition}] = end
	}
	until, err := p.Lake.Covering(ctx, p.Books.Namespace, p.Books.Table, mark)
	if err != nil {
		return audit.Window{}, err
	}
	return p.Between(ctx, before.ID, until)
}

// Between is what the sink committed after one snapshot of the table, 0 for the
// table's beginning, and up to another; audit.ErrGone where the table has one of
// them no more.
func (p *Platform) Between(ctx context.Context, after, snapshot int64) (audit.Window, error) {
	if snapshot == 0 {
		return audit.Window{Alone: true}, nil
	}
	begin := lake.Watermark{}
	var err error
	if after != 0 {
		if begin, err = p.markAt(ctx, after); err != nil {
			return audit.Window{}, err
		}
	}
	end, err := p.markAt(ctx, snapshot)
	if err != nil {
		return audit.Window{}, err
	}
	return audit.Window{Log: RangesOf(p.of(begin), p.of(end)), Snapshot: snapshot, After: after, Alone: true}, nil
}

func (p *Platform) markAt(ctx context.Context, snapshot int64) (lake.Watermark, error) {
	mark, err := p.Lake.WatermarkAt(ctx, p.Books.Namespace, p.Books.Table, snapshot)
	if errors.Is(err, lake.ErrNoSnapshot) {
		return nil, fmt.Errorf("%w: %w", audit.ErrGone, err)
	}
	return mark, err
}

func (p *Platform) byOffsets(ctx context.Context, from, to time.Time) (audit.Window, error) {
	begin, err := p.Bus.OffsetsSince(ctx, p.Books.Topic, from)
	if err != nil {
		return audit.Window{}, err
	}
	end, err := p.Ends(ctx, to)
	if err != nil {
		return audit.Window{}, err
	}
	return audit.Window{Log: RangesOf(begin, end)}, nil
}

// Ends are the offsets that the log had reached at a time, and at most what is
// committed of it now.
func (p *Platform) Ends(ctx context.Context, at time.Time) (map[int32]int64, error) {
	end, err := p.Bus.OffsetsSince(ctx, p.Books.Topic, at)
	if err != nil {
		return nil, err
	}
	committed, err := p.Bus.Committed(ctx, p.Books.Topic)
	if err != nil {
		return nil, err
	}
	for partition := range end {
		end[partition] = min(end[partition], committed[partition])
	}
	return end, nil
}

// Ahead errs where the sink, by what it was known to have taken before, is past
// the end of the log: then it has not taken what is there now.
func (p *Platform) Ahead(ctx context.Context, next map[int32]int64) error {
	if len(next) == 0 {
		return nil
	}
	ends, err := p.Bus.EndOffsets(ctx, p.Books.Topic)
	if err != nil {
		return err
	}
	for _, partition := range slices.Sorted(maps.Keys(next)) {
		if end := ends[partition]; end < next[partition] {
			return fmt.Errorf("it has taken all up to offset %d of partition %d, and the log of %s ends at %d: the log was cut short or the topic made anew; what was sent since may be stored nowhere",
				next[partition], partition, p.Books.Topic, end)
		}
	}
	return nil
}

// RangesOf are the offsets from one to another; a partition without a beginning
// is read from its first.
func RangesOf(begin, end map[int32]int64) (out []audit.Range) {
	for _, p := range slices.Sorted(maps.Keys(end)) {
		if end[p] > begin[p] {
			out = append(out, audit.Range{Partition: p, From: begin[p], To: end[p]})
		}
	}
	return out
}

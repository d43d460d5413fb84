package lake

import (
	"context"
	"fmt"
	"time"
)

// Watermark is the next offsets that a table lacks, for who has no rows to
// write: ErrNoTable when there is no such table.
func (l *Lake) Watermark(ctx context.Context, namespace, name string) (Watermark, error) {
	current, err := l.load(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	return watermarkOf(current)
}

// WatermarkAt is Watermark as of a snapshot; ErrNoSnapshot where that is not
// there any more. It is empty where no writer up to then told of one.
func (l *Lake) WatermarkAt(ctx context.Context, namespace, name string, snapshot int64) (Watermark, error) {
	current, err := l.load(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	head := current.SnapshotByID(snapshot)
	if head == nil {
		return nil, fmt.Errorf("reading the watermark of %s.%s: %w %d: it never was, or is expired", namespace, name, ErrNoSnapshot, snapshot)
	}
	return watermarkFrom(current, head)
}

// Since is the newest snapshot of the table's line that was committed at a time
// or before. HasSnapshot is false where the table had none then; ErrNoSnapshot
// where it had, and that is expired.
func (l *Lake) Since(ctx context.Context, namespace, name string, at time.Time) (Info, error) {
	current, err := l.load(ctx, namespace, name)
	if err != nil {
		return Info{}, err
	}
	for s := range lineage(current) {
		if s.TimestampMs <= at.UnixMilli() {
			return Info{Snapshot: Snapshot{ID: s.SnapshotID, At: time.UnixMilli(s.TimestampMs).UTC()}, HasSnapshot: true}, nil
		}
		if s.ParentSnapshotID != nil && current.SnapshotByID(*s.ParentSnapshotID) == nil {
			return Info{}, fmt.Errorf("finding the snapshot of %s.%s at %s: %w: those before %s are expired",
				namespace, name, at.UTC().Format(time.RFC3339), ErrNoSnapshot, time.UnixMilli(s.TimestampMs).UTC().Format(time.RFC3339))
		}
	}
	return Info{}, nil
}

// Covering is the oldest snapshot, of those that are left, at which the table
// had all below a watermark; the newest where it has not yet, and 0 where there
// is none.
func (l *Lake) Covering(ctx context.Context, namespace, name string, mark Watermark) (int64, error) {
	current, err := l.load(ctx, namespace, name)
	if err != nil {
		return 0, err
	}
	var found int64
	for s := range lineage(current) {
		at, err := watermarkFrom(current, s)
		if found != 0 && (err != nil || !at.covers(mark)) {
			break
		}
		if err != nil {
			return 0, err
		}
		found = s.SnapshotID
		if !at.covers(mark) {
			break
		}
	}
	return found, nil
}

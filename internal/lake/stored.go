package lake

import (
	"context"
	"fmt"
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

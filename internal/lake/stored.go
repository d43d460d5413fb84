package lake

import "context"

// Watermark is the next offsets that a table lacks, for who has no rows to
// write: ErrNoTable when there is no such table.
func (l *Lake) Watermark(ctx context.Context, namespace, name string) (Watermark, error) {
	current, err := l.load(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	return watermarkOf(current)
}

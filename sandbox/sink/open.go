package sink

import (
	"context"
	"fmt"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// OpenTable opens the table of trades, and makes it where it is missing.
func OpenTable(ctx context.Context, l *lake.Lake) (*lake.Table[trade.V2], error) {
	t, err := lake.OpenTable(ctx, l, Definition())
	if err != nil {
		return nil, fmt.Errorf("opening table %s.%s: %w", Namespace, Table, err)
	}
	return t, nil
}

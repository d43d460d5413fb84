package sink

import (
	"encoding/json"
	"math/big"
	"time"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// The table of trades.
const (
	Namespace = "market_data"
	Table     = "trades_v2"
)

// Definition is the fifteen fields of TradeV2 as columns, in its order.
func Definition() lake.Definition[trade.V2] {
	return lake.Definition[trade.V2]{
		Namespace: Namespace, Name: Table, PartitionByDay: "timestamp", SortBy: []string{"symbol", "timestamp"},
		Columns: []lake.Column[trade.V2]{
			lake.Text("message_id", func(t trade.V2) string { return t.MessageID }),
			lake.Text("trade_id", func(t trade.V2) string { return t.TradeID }),
			lake.Text("symbol", func(t trade.V2) string { return t.Symbol }),
			lake.Text("exchange", func(t trade.V2) string { return t.Exchange }),
			lake.Text("asset_class", func(t trade.V2) string { return t.AssetClass }),
			lake.Instant("timestamp", func(t trade.V2) time.Time { return t.Timestamp }),
			lake.Decimal("price", 18, trade.Scale, func(t trade.V2) *big.Int { return trade.Unscaled(t.Price) }),
			lake.Decimal("quantity", 18, trade.Scale, func(t trade.V2) *big.Int { return trade.Unscaled(t.Quantity) }),
			lake.Text("currency", func(t trade.V2) string { return t.Currency }),
			lake.Text("side", func(t trade.V2) string { return t.Side }),
			lake.Text("trade_conditions", func(t trade.V2) string { return text(t.TradeConditions) }),
			lake.OptionalInt("source_sequence", func(t trade.V2) (int64, bool) { return optional(t.SourceSequence) }),
			lake.Instant("ingestion_timestamp", func(t trade.V2) time.Time { return t.IngestionTimestamp }),
			lake.OptionalInt("platform_sequence", func(t trade.V2) (int64, bool) { return optional(t.PlatformSequence) }),
			lake.OptionalText("vendor_data", func(t trade.V2) (string, bool) {
				return text(t.VendorData), t.VendorData != nil
			}),
		},
	}
}

// text writes strings and maps of strings as JSON, which cannot go wrong.
func text[T []string | map[string]string](v T) string {
	out, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(out)
}

func optional(n *int64) (int64, bool) {
	if n == nil {
		return 0, false
	}
	return *n, true
}

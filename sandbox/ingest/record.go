package ingest

import (
	"time"

	"github.com/k2-platform/faultline/sandbox/feed"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// record dresses a trade of the feed as the platform's message.
func record(t feed.Trade, seq int64, id string) trade.V2 {
	conditions := []string{}
	if t.Qualifiers != "" {
		conditions = append(conditions, t.Qualifiers)
	}
	return trade.V2{
		MessageID: id, TradeID: t.ID, Symbol: t.Symbol, Exchange: "ASX", AssetClass: "equities",
		Timestamp: t.Time, Price: trade.Decimal(t.Price), Quantity: trade.Decimal(t.Volume),
		Currency: "AUD", Side: "UNKNOWN", TradeConditions: conditions,
		SourceSequence: &t.Row, IngestionTimestamp: time.Now().UTC(), PlatformSequence: &seq,
		VendorData: map[string]string{"qualifiers": t.Qualifiers, "venue": t.Venue, "buyer_id": t.Buyer},
	}
}

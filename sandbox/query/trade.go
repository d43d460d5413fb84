package query

import (
	"encoding/json"
	"time"

	"github.com/k2-platform/faultline/internal/lake"
)

// Trade is one stored row as the API gives it. Numbers keep all their digits.
type Trade struct {
	MessageID          string      `json:"message_id"`
	TradeID            string      `json:"trade_id"`
	Symbol             string      `json:"symbol"`
	Exchange           string      `json:"exchange"`
	AssetClass         string      `json:"asset_class"`
	Timestamp          string      `json:"timestamp"`
	Price              json.Number `json:"price"`
	Quantity           json.Number `json:"quantity"`
	Currency           string      `json:"currency"`
	Side               string      `json:"side"`
	TradeConditions    string      `json:"trade_conditions"`
	SourceSequence     *int64      `json:"source_sequence"`
	IngestionTimestamp time.Time   `json:"ingestion_timestamp"`
	PlatformSequence   *int64      `json:"platform_sequence"`
	VendorData         *string     `json:"vendor_data"`
}

// tradeOf copies a row, which is valid during the scan's call only.
func tradeOf(r lake.Row, ingested time.Time) Trade {
	text := func(column string) string {
		s, _ := r.Text(column) // null reads as empty; these columns have none
		return string([]byte(s))
	}
	whole := func(column string) *int64 {
		n, ok := r.Int(column)
		if !ok {
			return nil
		}
		return &n
	}
	t := Trade{
		MessageID: text("message_id"), TradeID: text("trade_id"), Symbol: text("symbol"), Exchange: text("exchange"),
		AssetClass: text("asset_class"), Timestamp: text("timestamp"), Price: json.Number(text("price")),
		Quantity: json.Number(text("quantity")), Currency: text("currency"), Side: text("side"),
		TradeConditions: text("trade_conditions"), SourceSequence: whole("source_sequence"),
		IngestionTimestamp: ingested, PlatformSequence: whole("platform_sequence"),
	}
	if !r.Null("vendor_data") {
		vendor := text("vendor_data")
		t.VendorData = &vendor
	}
	return t
}

// newest keeps the latest trades of a scan: a heap with the oldest on top.
type newest struct {
	rows []Trade
	keep int
}

func (n *newest) Len() int { return len(n.rows) }
func (n *newest) Less(i, j int) bool {
	return n.rows[i].IngestionTimestamp.Before(n.rows[j].IngestionTimestamp)
}
func (n *newest) Swap(i, j int) { n.rows[i], n.rows[j] = n.rows[j], n.rows[i] }
func (n *newest) Push(x any)    { n.rows = append(n.rows, x.(Trade)) } //nolint:forcetypeassert // only add pushes
func (n *newest) Pop() any {
	last := n.rows[len(n.rows)-1]
	n.rows = n.rows[:len(n.rows)-1]
	return last
}

package trade_test

import (
	"testing"
	"time"

	"github.com/k2-platform/faultline/sandbox/trade"
)

func sample() trade.V2 {
	seq := int64(7)
	return trade.V2{
		MessageID: "m", TradeID: "ASX-7078-1", Symbol: "BHP", Exchange: "ASX", AssetClass: "equities",
		Timestamp: time.Date(2014, 3, 10, 7, 57, 14, 754_000_000, time.UTC), Price: trade.Decimal(3_666_700_000),
		Quantity: trade.Decimal(20_000_00000000), Currency: "AUD", Side: "UNKNOWN", TradeConditions: []string{"3"},
		SourceSequence: &seq, IngestionTimestamp: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		VendorData: map[string]string{"venue": "X"},
	}
}

func TestATradeSurvivesItsTravel(t *testing.T) {
	codec, err := trade.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	framed, err := codec.Encode(258, sample())
	if err != nil {
		t.Fatal(err)
	}
	id, body, err := trade.Unframe(framed)
	if err != nil || id != 258 {
		t.Fatalf("Unframe: id %d, %v; want 258", id, err)
	}
	reader, err := codec.Reader(trade.SchemaText())
	if err != nil {
		t.Fatal(err)
	}
	got, err := reader.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	if got.TradeID != "ASX-7078-1" || !got.Timestamp.Equal(sample().Timestamp) || *got.SourceSequence != 7 || got.PlatformSequence != nil {
		t.Errorf("got %+v", got)
	}
	if p := trade.Unscaled(got.Price).Int64(); p != 3_666_700_000 {
		t.Errorf("price %d, want 3666700000", p)
	}
	if q := trade.Unscaled(got.Quantity).Int64(); q != 20_000_00000000 {
		t.Errorf("quantity %d", q)
	}
	if got.VendorData["venue"] != "X" {
		t.Errorf("vendor data %v", got.VendorData)
	}
	if _, err := reader.Decode(body[:len(body)-3]); err == nil {
		t.Error("a cut body was decoded")
	}
	if _, _, err := trade.Unframe([]byte("plain text")); err == nil {
		t.Error("an unframed value was taken")
	}
}

func TestATradeWithoutPriceIsNotValid(t *testing.T) {
	bad := sample()
	bad.Price = trade.Decimal(0)
	if bad.Validate() == nil {
		t.Error("a price of zero was accepted")
	}
	if err := sample().Validate(); err != nil {
		t.Errorf("a good trade was refused: %v", err)
	}
}

package sink

import (
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/feed"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// schemaID is one that a judge of these tests knows without its registry.
const schemaID = 1

func newTestJudge(t *testing.T, defects ...defect.Defect) *judge {
	t.Helper()
	j, err := newJudge("127.0.0.1:1", defects)
	require.NoError(t, err)
	read, err := j.codec.Reader(trade.SchemaText())
	require.NoError(t, err)
	j.readers[schemaID] = reader{read: read}
	return j
}

func aTrade(symbol, price, quantity string) trade.V2 {
	amount := func(s string) *big.Rat {
		r, _ := new(big.Rat).SetString(s)
		return r
	}
	return trade.V2{
		TradeID: "t", Symbol: symbol, AssetClass: "equities", Side: "UNKNOWN", TradeConditions: []string{},
		Timestamp: time.Unix(0, 0), IngestionTimestamp: time.Unix(0, 0), Price: amount(price), Quantity: amount(quantity),
	}
}

// sent is a record as ingest produces it.
func sent(t *testing.T, j *judge, v trade.V2) *kgo.Record {
	t.Helper()
	value, err := j.codec.Encode(schemaID, v)
	require.NoError(t, err)
	return &kgo.Record{Value: value, Headers: []kgo.RecordHeader{{Key: trade.DigestHeader, Value: []byte(trade.Digest(value))}}}
}

// swapped has price and quantity in each other's place since it was sent.
func swapped(t *testing.T, j *judge, v trade.V2) *kgo.Record {
	t.Helper()
	r := sent(t, j, v)
	v.Price, v.Quantity = v.Quantity, v.Price
	r.Value = sent(t, j, v).Value
	return r
}

func warm(t *testing.T, j *judge) {
	t.Helper()
	for range bandLeast {
		_, no, err := j.trade(t.Context(), sent(t, j, aTrade("BHP", "36.00", "65")))
		require.NoError(t, err)
		require.Nil(t, no)
	}
}

func TestEachWrongRecordHasItsReason(t *testing.T) {
	undigested := func(r *kgo.Record) *kgo.Record {
		r.Headers = nil
		return r
	}
	for name, c := range map[string]struct {
		record func(*judge) *kgo.Record
		want   reason
	}{
		"a trade as it was sent":              {func(j *judge) *kgo.Record { return sent(t, j, aTrade("BHP", "36.01", "65")) }, ""},
		"one of a producer without digests":   {func(j *judge) *kgo.Record { return undigested(sent(t, j, aTrade("BHP", "36.01", "65"))) }, ""},
		"swapped, far outside the band":       {func(j *judge) *kgo.Record { return swapped(t, j, aTrade("BHP", "36.00", "5000")) }, digestMismatch},
		"swapped, within the band":            {func(j *judge) *kgo.Record { return swapped(t, j, aTrade("BHP", "36.00", "37")) }, digestMismatch},
		"a swap of equal values":              {func(j *judge) *kgo.Record { return swapped(t, j, aTrade("BHP", "36.00", "36")) }, ""},
		"swapped without a digest":            {func(j *judge) *kgo.Record { return undigested(swapped(t, j, aTrade("BHP", "36.00", "5000"))) }, outOfBand},
		"a price off the grid":                {func(j *judge) *kgo.Record { return sent(t, j, aTrade("BHP", "36.001", "65")) }, badTick},
		"no price":                            {func(j *judge) *kgo.Record { return sent(t, j, aTrade("BHP", "0", "65")) }, invalid},
		"no trade":                            {func(*judge) *kgo.Record { return &kgo.Record{Value: []byte("not a trade")} }, undecodable},
		"a schema that no trade is read from": {func(*judge) *kgo.Record { return &kgo.Record{Value: []byte{0, 0, 0, 0, 2, 0}} }, unknownSchema},
	} {
		t.Run(name, func(t *testing.T) {
			j := newTestJudge(t)
			j.readers[2] = reader{cause: assert.AnError}
			warm(t, j)
			_, no, err := j.trade(t.Context(), c.record(j))
			require.NoError(t, err)
			if c.want == "" {
				require.Nil(t, no)
				return
			}
			require.NotNil(t, no)
			assert.Equal(t, c.want, no.reason)
			assert.NotEmpty(t, no.cause.Error())
		})
	}
}

func TestADefectiveJudgeStoresWhatItShouldNot(t *testing.T) {
	for d, wrong := range map[defect.Defect][]trade.V2{
		defect.NoDigest:     {aTrade("BHP", "36.00", "37")},
		defect.NoValidation: {aTrade("BHP", "36.00", "37"), aTrade("BHP", "36.00", "5000"), aTrade("BHP", "36.00", "5000.001")},
	} {
		for _, v := range wrong {
			j := newTestJudge(t, d)
			warm(t, j)
			_, no, err := j.trade(t.Context(), swapped(t, j, v))
			require.NoError(t, err)
			assert.Nil(t, no, "%s, %v", d, v.Quantity)
		}
	}
	j := newTestJudge(t, defect.NoDigest)
	warm(t, j)
	_, no, err := j.trade(t.Context(), swapped(t, j, aTrade("BHP", "36.00", "5000")))
	require.NoError(t, err)
	require.NotNil(t, no, "the band is still there")
	assert.Equal(t, outOfBand, no.reason)
}

// TestNoTradeOfTheFeedIsRejected holds band and ticks against the beginnings of
// fifty feeds. It held with 20,000 trades of each, and for the recorded week.
func TestNoTradeOfTheFeedIsRejected(t *testing.T) {
	const runs, each = 50, 2_000
	for seed := range uint64(runs) {
		f, err := feed.Open(feed.Config{Seed: seed})
		require.NoError(t, err)
		j := &judge{}
		for range each {
			one, err := f.Next()
			require.NoError(t, err)
			v := aTrade(one.Symbol, "1", "1")
			v.Price, v.VendorData = trade.Decimal(one.Price), map[string]string{"venue": one.Venue}
			if no := j.content(v); no != nil {
				t.Fatalf("seed %d: %s: %v", seed, no.reason, no.cause)
			}
		}
	}
}

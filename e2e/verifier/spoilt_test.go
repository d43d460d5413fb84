package verifier_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// flaw is what is wrong with a record that is to become a dead letter.
type flaw string

// The flaws. A sink that looks at nothing stores the last two.
const (
	truncated  flaw = "truncated"
	forged     flaw = "forged"
	noFrame    flaw = "not framed"
	noSchema   flaw = "unknown schema"
	tombstone  flaw = "tombstone"
	worthless  flaw = "worthless" // its price is zero
	offTick    flaw = "off tick"
	undigested flaw = "another digest"
)

func flaws() []flaw {
	return []flaw{truncated, forged, noFrame, noSchema, tombstone, worthless, offTick, undigested}
}

// undecodable says that a sink can make nothing of it.
func (f flaw) undecodable() bool {
	return f != worthless && f != offTick && f != undigested
}

// spoilt is one such record, where it stands.
type spoilt struct {
	flaw flaw
	at   audit.Place
}

// registered is the id of the only schema that the registry has.
const registered = 1

// aTrade is a good one of a symbol of its own: no other's price says that its is wrong.
func aTrade(id string) trade.V2 {
	at := time.Date(2014, 3, 10, 11, 0, 0, 0, time.UTC)
	return trade.V2{
		MessageID: "m-" + id, TradeID: id, Symbol: "X" + id, Exchange: "ASX", AssetClass: "equities", Timestamp: at,
		Price: trade.Decimal(3_600_000_000), Quantity: trade.Decimal(6_500_000_000), Currency: "AUD", Side: "UNKNOWN",
		TradeConditions: []string{}, IngestionTimestamp: at,
	}
}

// record makes a record of a flaw.
func (f flaw) record(codec *trade.Codec, id string) (*kgo.Record, error) {
	t := aTrade(id)
	switch f {
	case worthless:
		t.Price = trade.Decimal(0)
	case offTick:
		t.Price = trade.Decimal(3_600_000_001)
	case truncated, forged, noFrame, noSchema, tombstone, undigested:
	}
	schema := registered
	if f == noSchema {
		schema = 999
	}
	value, err := codec.Encode(schema, t)
	if err != nil {
		return nil, err
	}
	digest := trade.Digest(value)
	switch f {
	case truncated:
		value = value[:len(value)/2]
	case forged:
		value = append(value[:5], 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	case noFrame:
		value = []byte("not a trade")
	case tombstone:
		value = nil
	case undigested:
		digest = trade.Digest([]byte("what was sent"))
	case worthless, offTick, noSchema:
	}
	r := &kgo.Record{Topic: broker.Topic, Key: []byte(t.Symbol), Value: value}
	if f == undigested || f == worthless || f == offTick {
		r.Headers = []kgo.RecordHeader{{Key: trade.DigestHeader, Value: []byte(digest)}}
	}
	return r, nil
}

// spoil sends so many records of each flaw to partitions that dice say.
func (w *world) spoil(dice *rand.Rand, each int, all ...flaw) {
	w.t.Helper()
	codec, err := trade.NewCodec()
	require.NoError(w.t, err)
	for _, f := range all {
		for range each {
			r, err := f.record(codec, "SPOILT-"+strconv.Itoa(len(w.spoilt)))
			require.NoError(w.t, err)
			w.spoilt = append(w.spoilt, spoilt{f, w.send(r, dice.Int32N(broker.Partitions))})
		}
	}
}

// send produces a record, and says where it stands.
func (w *world) send(r *kgo.Record, partition int32) audit.Place {
	w.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(w.kafka), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(8<<20))
	require.NoError(w.t, err)
	defer client.Close()
	r.Partition = partition
	ctx, done := context.WithTimeout(w.t.Context(), patience)
	defer done()
	sent, err := client.ProduceSync(ctx, r).First()
	require.NoError(w.t, err, "a record with %d bytes of key and %d of value", len(r.Key), len(r.Value))
	return audit.Place{Partition: sent.Partition, Offset: sent.Offset}
}

// Touched implements audit.Truth: what is spoilt was so before the log had it.
func (w *world) Touched(_ context.Context, each func(audit.Place, audit.Change) error) error {
	for _, s := range w.spoilt {
		if err := each(s.at, audit.ChangedInLog); err != nil {
			return fmt.Errorf("telling what was spoilt: %w", err)
		}
	}
	return nil
}

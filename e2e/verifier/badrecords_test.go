package verifier_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// TestRecordsNobodyCanReadAreRows: truncated or forged Avro, a schema id that
// the registry does not know, no frame, no value: each is a dead letter with
// its reason, at its place, and hides no other.
func TestRecordsNobodyCanReadAreRows(t *testing.T) {
	t.Parallel()
	w := settled(t)
	p := w.flow()
	c := w.config(p, w.window(p))
	c.Truth = nil // nobody says that a fault made them
	r := w.run(c)
	want := outcome{account.DeadLettered: w.flawed(flaws()...)}
	assertOutcome(t, want, w.records(), r)
	assert.Equal(t, events.Holds, r.Answer(), r.Why())
	assert.EqualValues(t, 5, r.Unreadable, "all but those that are only wrong")
	reasons := map[flaw]string{
		truncated: "undecodable", forged: "undecodable", noFrame: "undecodable", tombstone: "undecodable", noSchema: "unknown_schema",
		worthless: "invalid", offTick: "bad_tick", undigested: "digest_mismatch",
	}
	for _, s := range w.spoilt {
		for _, e := range r.Examples[account.DeadLettered] {
			if e.Place == s.at {
				assert.Equal(t, reasons[s.flaw], e.Reason, s.flaw)
			}
		}
	}
}

// mebi is the size of a key that is large.
const mebi = 1 << 20

// TestKeysOfAMebibyte: the record's own, of one that is stored and one that is
// a dead letter, and the natural key, which is named by its beginning.
func TestKeysOfAMebibyte(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ingest(3, 100, 100_000)
	w.acked(100)
	codec, err := trade.NewCodec()
	require.NoError(t, err)
	encoded := func(id string) []byte {
		v := aTrade("good")
		v.TradeID = id
		value, err := codec.Encode(registered, v)
		require.NoError(t, err)
		return value
	}
	huge := strings.Repeat("k", mebi)
	w.send(&kgo.Record{Topic: broker.Topic, Key: []byte(huge), Value: encoded("good")}, 0)
	dead := w.send(&kgo.Record{Topic: broker.Topic, Key: []byte(huge), Value: []byte("not a trade")}, 1)
	w.send(&kgo.Record{Topic: broker.Topic, Value: encoded(huge + "1")}, 2)
	twice := w.send(&kgo.Record{Topic: broker.Topic, Value: encoded(huge + "2")}, 2)
	w.send(&kgo.Record{Topic: broker.Topic, Value: encoded(huge + "2")}, 2)
	w.startSink("sink", 50)
	w.drained()
	r := w.audit()
	assertOutcome(t, outcome{account.DeadLettered: places{dead: true}, account.StoredN: places{twice: true}}, 104, r)
	require.Len(t, r.Examples[account.StoredN], 1)
	assert.Equal(t, audit.Example{Place: twice, Key: huge[:100] + "…", Rows: 2}, r.Examples[account.StoredN][0])
	assert.Equal(t, events.Violated, r.Answer(), r.Why())
	assert.True(t, r.Conclusive(), r.Why())
}

package verifier_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/audit/sources"
	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/spec"
)

// TestARegistryThatIsDown makes nothing lost: the records are in no class, and
// the audit says where it could not go on. Once the registry is back it can.
func TestARegistryThatIsDown(t *testing.T) {
	t.Parallel()
	w := settled(t)
	p := w.flow()
	c := w.config(p, w.window(p))
	w.stopRegistry()
	r := w.run(c)
	assert.Equal(t, events.Unknown, r.Answer())
	assert.Zero(t, r.Classes.Wrong())
	assert.Positive(t, r.Unknown)
	for _, part := range []string{"log, partition ", "offsets 0 to ", "schema 1", "/schemas/ids/1"} {
		assert.Contains(t, r.Why(), part)
	}
	w.startRegistry()
	w.until("the registry is asked again", func() bool { r = w.run(c); return r.Conclusive() })
	assertOutcome(t, w.well(), w.records(), r)
}

// TestATableWithoutTheMappedColumn is an error that names it, before anything
// is read.
func TestATableWithoutTheMappedColumn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ingest(3, 1, 1)
	books := w.books()
	m := *books.Mapping
	m.Fields = append(slices.Clone(m.Fields), spec.MappedField{Field: "side", Column: "direction"})
	books.Mapping = &m
	_, err := sources.Open(t.Context(), books, w.bus, w.lake)
	require.ErrorContains(t, err, `"direction"`)
	books.Table = "trades_v3"
	_, err = sources.Open(t.Context(), books, w.bus, w.lake)
	require.ErrorContains(t, err, "market_data.trades_v3")
}

// TestATopicThatRetentionTruncates before it was read, or while it is: the books
// stay open, the range that is gone is named, and the rest is accounted for.
func TestATopicThatRetentionTruncates(t *testing.T) {
	t.Parallel()
	w := settled(t)
	p := w.flow()
	c := w.config(p, w.window(p))
	full := c.Window.Log[0] // some partition
	admin := w.admin()
	truncate := func(to int64) {
		var cut kadm.Offsets
		cut.Add(kadm.Offset{Topic: broker.Topic, Partition: full.Partition, At: to})
		_, err := admin.DeleteRecords(t.Context(), cut)
		require.NoError(t, err)
	}
	truncate(3)
	for _, receipts := range []audit.Receipts{nil, w} {
		c.Receipts = receipts
		r := w.run(c)
		assert.Equal(t, events.Unknown, r.Answer(), r.Why())
		assert.Zero(t, r.Classes.Wrong(), r.Counts)
		require.NotEmpty(t, r.Unread)
		assert.Equal(t, audit.Unread{
			Source: "log", Range: &audit.Range{Partition: full.Partition, From: 0, To: 3}, Why: "the records are no longer there",
		}, r.Unread[0])
		assert.GreaterOrEqual(t, r.Classes.Produced()+r.Unknown, int64(w.records()-3))
		assert.LessOrEqual(t, r.Classes.Produced()+r.Unknown, int64(w.records()))
	}
	c.Receipts = nil
	c.Log = &meanwhile{Log: c.Log, after: 1, do: func() { truncate(full.To - 1) }}
	r := w.run(c)
	assert.Equal(t, events.Unknown, r.Answer(), r.Why())
	assert.Zero(t, r.Classes.Wrong(), r.Counts)
}

func (w *world) admin() *kadm.Client {
	w.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(w.kafka))
	require.NoError(w.t, err)
	w.t.Cleanup(client.Close)
	return kadm.NewClient(client)
}

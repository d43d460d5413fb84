package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/experiments"
	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/projections/checks"
	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/sandbox/trade"
	"github.com/k2-platform/faultline/spec"
)

// TestDataCorruption runs the document that ships, on a sandbox behind the
// real proxy, and holds what is told of it against the proxy's journal, Kafka
// and the table of trades.
func TestDataCorruption(t *testing.T) {
	l := newLife(t)
	end := startSandbox(t, l.home, "--kafka-proxy")
	l.file = filepath.Join(l.home, "sandbox", "platform.yaml")
	require.Eventually(t, func() bool {
		_, err := os.Stat(l.file)
		return err == nil
	}, time.Minute, 50*time.Millisecond, "the sandbox is not up")
	l.up()
	b := l.open()
	id, s := steadily(l, b, "corrupted", commands.Schedule{Document: shipped(t, "data-corruption.yaml", "demo")})
	require.Equal(t, events.Upheld, s.Verdict, s.Reasons)
	require.NotNil(t, s.Books)
	assert.Zero(t, s.Books.Altered, "no corrupted row is stored")
	assert.Zero(t, s.Books.FalseRejects)
	assert.Len(t, s.Books.Checks, len(atClose())+8, "six of windows, a sequence, and the columns: %v", s.Books.Checks)
	for _, c := range s.Books.Checks {
		assert.Equal(t, events.Holds, c.Answer, "%s: %s", c.Check, c.Evidence)
	}
	ledger := s.Books.Ledger
	require.NotNil(t, ledger)
	assert.True(t, ledger.Complete, ledger.Why)
	assert.Equal(t, s.Books.Changed, ledger.Classes["corrupted_rejected"], "what was corrupted was refused, and nothing else: %v", ledger.Classes)
	assert.Zero(t, ledger.Classes["dead_lettered"])
	account := s.Books.Truth
	require.NotNil(t, account)
	assert.True(t, account.Complete, account.Why)
	assert.Equal(t, int64(1), account.Receipts)
	require.Positive(t, account.Entries)
	assert.Equal(t, account.Written, account.Entries)
	require.NoError(t, b.Close())
	l.down()
	flags := checksFlags{settingsFlags: settingsFlags{home: l.home, set: settings.Settings{Platform: l.file}}, age: checks.OrphanAge}
	now, err := flags.results(t.Context(), t.Output())
	require.NoError(t, err)
	assert.Len(t, now, len(atClose())+9)
	for _, c := range now {
		assert.Equal(t, events.Holds, c.Answer, "of a table that is written to: %s: %s", c.Check, c.Evidence)
	}

	told := l.groundTruth(string(id))
	require.Len(t, told, int(account.Entries))
	require.Equal(t, journalled(t, filepath.Join(l.home, "sandbox", "kafka-proxy", "truth")), told)
	corrupted := int64(l.checkCorrupted(told))
	assert.Equal(t, corrupted, s.Books.Changed)
	assert.Equal(t, corrupted, s.Books.Detected, "each of them is a dead letter")
	l.checkProxyReturns()
	end()
}

// steadily runs it again, twice at most, where a machine that is busy with other
// tests has disturbed its baseline, so that nothing was injected.
func steadily(l *life, b *bus.Bus, id spec.ExperimentID, c commands.Schedule) (spec.ExperimentID, experiment.State) {
	l.t.Helper()
	for try := 1; ; try++ {
		this := spec.ExperimentID(fmt.Sprintf("%s-%d", id, try))
		l.send(b, string(this), this, c)
		s := l.await(b, this, over)
		if try == 3 || !slices.ContainsFunc(s.Reasons, func(r string) bool { return strings.HasPrefix(r, "baseline_unsteady") }) {
			return this, s
		}
	}
}

// shipped is a document that comes with Faultline.
func shipped(t *testing.T, name, profile string) spec.Document {
	t.Helper()
	text, err := experiments.Files.ReadFile(name)
	require.NoError(t, err)
	parsed, problems := spec.Parse(text)
	require.NoError(t, problems.Err())
	d, err := parsed.Document.WithProfile(profile)
	require.NoError(t, err)
	return d
}

// touch is an entry of the ground truth, without when it was.
type touch struct {
	seq                            int64
	step, receipt, fault, what     string
	topic, way, client, was, turns string
	partition, offset              int64
}

// journalled is what the proxy has on its disk.
func journalled(t *testing.T, dir string) []touch {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.journal"))
	require.NoError(t, err)
	var out []touch
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		for line := range bytes.Lines(text) {
			var one struct{ Entry *truth.Entry }
			require.NoError(t, json.Unmarshal(line[bytes.IndexByte(line, '{'):], &one))
			if e := one.Entry; e != nil {
				out = append(out, touch{
					int64(e.Seq), e.Step, e.Receipt, e.Fault, e.What, e.Topic, e.Way, e.Client, e.Before, e.After, int64(e.Partition), e.Offset,
				})
			}
		}
	}
	return out
}

// groundTruth is what the table has of an experiment, in the order of seq.
func (l *life) groundTruth(id string) []touch {
	l.t.Helper()
	var out []touch
	l.scan("chaos", "ground_truth", lake.ScanOptions{Equals: map[string]string{"experiment": id}}, func(r lake.Row) error {
		text := func(column string) string { s, _ := r.Text(column); return s }
		number := func(column string) int64 { n, _ := r.Int(column); return n }
		out = append(out, touch{
			number("seq"), text("step"), text("receipt"), text("fault"), text("what"), text("record_topic"), text("way"), text("client"),
			text("before"), text("after"), number("record_partition"), number("record_offset"),
		})
		return nil
	})
	slices.SortFunc(out, func(a, b touch) int { return int(a.seq - b.seq) }) // a scan has no order
	return out
}

// checkCorrupted says that each stored trade has price and quantity as Kafka has
// them, that none is stored of which the ground truth says that it was
// corrupted, and that its hash is that of what Kafka has. It returns how many
// those are.
func (l *life) checkCorrupted(told []touch) int {
	t := l.t
	t.Helper()
	swapped := map[[2]int64]touch{}
	for _, e := range told {
		assert.Equal(t, "price_value_swap", e.what)
		swapped[[2]int64{e.partition, e.offset}] = e
	}
	rows := map[string][2]string{}
	l.scan(sink.Namespace, sink.Table, lake.ScanOptions{Columns: []string{"trade_id", "price", "quantity"}}, func(r lake.Row) error {
		id, _ := r.Text("trade_id")
		price, _ := r.Text("price")
		quantity, _ := r.Text("quantity")
		rows[id] = [2]string{price, quantity}
		return nil
	})
	codec, err := trade.NewCodec()
	require.NoError(t, err)
	reader, err := codec.Reader(trade.SchemaText())
	require.NoError(t, err)
	found := 0
	l.trades(func(r bus.Record) {
		_, body, err := trade.Unframe(r.Value)
		require.NoError(t, err)
		v, err := reader.Decode(body)
		require.NoError(t, err)
		row, stored := rows[v.TradeID]
		if e, ok := swapped[[2]int64{int64(r.Partition), r.Offset}]; ok {
			found++
			assert.False(t, stored, "trade %s was corrupted on its way and is stored, with %v", v.TradeID, row)
			assert.Equal(t, hashed(r), e.was)
			return
		}
		if stored { // else not yet
			assert.Equal(t, [2]string{digits(v.Price), digits(v.Quantity)}, row, "trade %s, partition %d, offset %d", v.TradeID, r.Partition, r.Offset)
		}
	})
	assert.Equal(t, len(swapped), found)
	return found
}

// hashed is the hash of a record as ingestion sends it, with one header.
func hashed(r bus.Record) string {
	out := record.Record{Key: r.Key, Value: r.Value}
	for name, value := range r.Headers {
		out.Headers = append(out.Headers, record.Header{Key: []byte(name), Value: []byte(value)})
	}
	return record.Hash(&out)
}

func digits(r *big.Rat) string { return r.FloatString(trade.Scale) }

// trades calls each for every record of the sandbox's topic.
func (l *life) trades(each func(bus.Record)) {
	l.t.Helper()
	addr, err := broker.Addr(l.home)
	require.NoError(l.t, err)
	k, err := bus.Open(bus.Config{Brokers: strings.Split(addr, ",")}, nil)
	require.NoError(l.t, err)
	defer func() { require.NoError(l.t, k.Close()) }()
	ctx, cancel := context.WithTimeout(l.t.Context(), 30*time.Second)
	defer cancel()
	ends, err := k.EndOffsets(ctx, broker.Topic)
	require.NoError(l.t, err)
	require.NoError(l.t, k.ReadTo(ctx, broker.Topic, nil, ends, func(all []bus.Record) error {
		for _, r := range all {
			each(r)
		}
		return nil
	}))
}

//go:build e2e

package queries_test

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/sparkaudit"
	"github.com/k2-platform/faultline/projections/checks"
	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// TestBothEnginesGiveTheSameRows: the checks that read log and table here, and
// the SQL that DuckDB runs, of a table with defects and of one without.
func TestBothEnginesGiveTheSameRows(t *testing.T) {
	at := embedded(t)
	makeTables(t, at)
	for name, sent := range logs() {
		t.Run(name, func(t *testing.T) { agree(t, at, newDuck(t, at), sent) })
	}
}

// TestBothEnginesGiveTheSameRowsOnSpark of the log that differs most.
func TestBothEnginesGiveTheSameRowsOnSpark(t *testing.T) {
	at := embedded(t)
	makeTables(t, at)
	agree(t, at, newSpark(t, at), logs()["more than the table, and later"])
}

// logs are what may have been sent, of which the table of the story is what came
// of it.
func logs() map[string]log {
	numbers := func(n ...int64) []trade.V2 {
		var out []trade.V2
		for _, i := range n {
			out = append(out, tradeOf(i))
		}
		return out
	}
	stored := numbers(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 20, 21, 22)
	return map[string]log{
		"as the table has it":            stored,
		"once each":                      numbers(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22),
		"more than the table, and later": append(numbers(1, 2, 3, 23, 24, 24), stored[3:]...),
		"with another price":             append([]trade.V2{dearer(tradeOf(1))}, stored[1:]...),
		"none":                           nil,
	}
}

// agree runs the checks on both.
func agree(t *testing.T, at lake.Config, e engine, sent log) {
	t.Helper()
	l, err := lake.Open(t.Context(), at)
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	in := checks.Input{
		Name: sink.Namespace + "." + sink.Table, Key: []string{"trade_id"}, Columns: agreed(), Log: sent, Rows: rowsOf{l},
		Clock: time.Now,
	}
	sums := checks.Sums{By: []string{"exchange", "symbol"}, Time: "ingestion_timestamp", Every: time.Minute, Price: "price", Quantity: "quantity"}
	sequence := checks.Sequence{Column: "platform_sequence", Per: []string{"exchange"}}
	var here []string
	for _, r := range checks.Run(t.Context(), []checks.Check{checks.Unique{Slots: 16}, sums, sequence}, in) {
		if r.From.IsZero() {
			r.From, r.To = weekOf(1), weekOf(1).Add(2*time.Minute)
		}
		if r.Check != "window_digest" { // which engines have no common function for
			here = append(here, fmt.Sprintf("%s from %s to %s: %s, %s, %s", r.Check, r.From.Format(time.TimeOnly), r.To.Format(time.TimeOnly), r.Expected, r.Actual, r.Answer))
		}
	}

	o := audited(e)
	o.Before, o.DeadLetters, o.Produced, o.Sequences = 0, false, []sparkaudit.Sums{}, []sparkaudit.Sequence{}
	windows, err := sums.Sent(t.Context(), in)
	require.NoError(t, err)
	for _, w := range windows {
		o.Produced = append(o.Produced, sparkaudit.Sums{
			Exchange: w.By[0], Symbol: w.By[1], From: w.From, Records: w.Records, Price: w.Price, Quantity: w.Quantity,
			Turnover: w.Product, First: w.First, Last: w.Last,
		})
	}
	sequences, err := sequence.Sent(t.Context(), in)
	require.NoError(t, err)
	for _, q := range sequences {
		o.Sequences = append(o.Sequences, sparkaudit.Sequence{Of: q.Of, First: q.First, Last: q.Last, Missing: q.Missing, Repeats: q.Repeats})
	}
	rows, err := sparkaudit.Run(t.Context(), o)
	require.NoError(t, err)
	var there []string
	for _, r := range rows {
		there = append(there, fmt.Sprintf("%s from %s to %s: %s, %s, %s", r.Check, r.From.Format(time.TimeOnly), r.To.Format(time.TimeOnly), r.Expected, r.Actual, r.Answer))
	}
	assert.Equal(t, here, there)
}

func dearer(v trade.V2) trade.V2 {
	v.Price = trade.Decimal(trade.Unscaled(v.Price).Int64() + 1)
	return v
}

func agreed() []checks.Column {
	return []checks.Column{
		{Name: "trade_id", Type: "string"},
		{Name: "exchange", Type: "string"},
		{Name: "symbol", Type: "string"},
		{Name: "ingestion_timestamp", Type: "timestamptz"},
		{Name: "price", Type: "decimal(18, 8)", Scale: trade.Scale},
		{Name: "quantity", Type: "decimal(18, 8)", Scale: trade.Scale},
		{Name: "platform_sequence", Type: "long"},
	}
}

// log is what was sent.
type log []trade.V2

// Read implements checks.Side.
func (l log) Read(_ context.Context, worker func() func(checks.Record) error) (checks.Cost, error) {
	each := worker()
	for _, v := range l {
		key := digest.AppendText(nil, v.TradeID)
		forms := digest.AppendText(digest.AppendText(slices.Clone(key), v.Exchange), v.Symbol)
		forms = digest.AppendInstant(forms, v.IngestionTimestamp.UnixMicro())
		for _, n := range []*big.Int{trade.Unscaled(v.Price), trade.Unscaled(v.Quantity)} {
			forms = digest.AppendDecimal(forms, 0, n.Uint64())
		}
		if err := each(checks.Record{Key: key, Values: digest.AppendInt(forms, *v.PlatformSequence)}); err != nil {
			return checks.Cost{}, err
		}
	}
	return checks.Cost{Rows: int64(len(l))}, nil
}

// rowsOf is the table.
type rowsOf struct{ lake *lake.Lake }

// Read implements checks.Side.
func (r rowsOf) Read(ctx context.Context, worker func() func(checks.Record) error) (checks.Cost, error) {
	each, cost := worker(), checks.Cost{}
	scan := lake.FormScan{Keys: 1}
	for _, c := range agreed() {
		scan.Columns = append(scan.Columns, c.Name)
	}
	err := r.lake.ScanForms(ctx, sink.Namespace, sink.Table, scan, func(_ int, f lake.Forms) error {
		cost.Rows++
		return each(checks.Record{Key: f.Key, Values: f.Values})
	})
	return cost, err
}

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
	"github.com/k2-platform/faultline/internal/spark"
	"github.com/k2-platform/faultline/internal/sparkaudit"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/sandbox/trade"
)

func TestAuditOnDuckDB(t *testing.T) {
	at, older := makeAudited(t)
	findsDefects(t, earlier{newDuck(t, at), older})
	findsNothing(t, earlier{newDuck(t, at), older})
}

// findsNothing in a window without records, in which none were produced.
func findsNothing(t *testing.T, e engine) {
	t.Helper()
	o := audited(e)
	o.From, o.To, o.Produced, o.DeadLetters = weekOf(2), weekOf(2).Add(time.Hour), []sparkaudit.Sums{}, false
	rows, err := sparkaudit.Run(t.Context(), o)
	require.NoError(t, err)
	var answers []string
	for _, r := range rows {
		answers = append(answers, fmt.Sprintf("%s %s %s %s", r.Check, r.Expected, r.Actual, r.Answer))
	}
	assert.Equal(t, []string{
		"key_unique 0 0 holds", "window_count 0 0 holds", "window_sum_price 0.00000000 0.00000000 holds", "window_sum_quantity 0.00000000 0.00000000 holds",
		"window_sum_price_x_quantity 0.0000000000000000 0.0000000000000000 holds", "window_times none none holds",
		"sequence_platform_sequence   unknown", "stored_stays 0 0 holds",
	}, answers)
}

func TestAuditOnSpark(t *testing.T) {
	at, older := makeAudited(t)
	findsDefects(t, earlier{newSpark(t, at), older})
}

// makeAudited makes the tables of the story, and one that says what the table
// of trades once held: with one trade that is no longer there, and one that had
// another price.
func makeAudited(t *testing.T) (lake.Config, lake.Snapshot) {
	t.Helper()
	at := embedded(t)
	makeTables(t, at)
	l, err := lake.Open(t.Context(), at)
	require.NoError(t, err)
	was, err := lake.OpenTable(t.Context(), l, lake.Definition[trade.V2]{
		Namespace: sink.Namespace, Name: "trades_once",
		Columns: []lake.Column[trade.V2]{
			lake.Text("trade_id", func(v trade.V2) string { return v.TradeID }),
			lake.Text("symbol", func(v trade.V2) string { return v.Symbol }),
			lake.Text("exchange", func(v trade.V2) string { return v.Exchange }),
			lake.Instant("ingestion_timestamp", func(v trade.V2) time.Time { return v.IngestionTimestamp }),
			lake.Decimal("price", 18, trade.Scale, func(v trade.V2) *big.Int { return trade.Unscaled(v.Price) }),
			lake.Decimal("quantity", 18, trade.Scale, func(v trade.V2) *big.Int { return trade.Unscaled(v.Quantity) }),
			lake.OptionalInt("platform_sequence", func(v trade.V2) (int64, bool) { return *v.PlatformSequence, true }),
		},
	})
	require.NoError(t, err)
	rows := []trade.V2{tradeOf(1), tradeOf(2), tradeOf(3), tradeOf(4), tradeOf(17)}
	rows[2].Price = trade.Decimal(1)
	older, err := was.Append(t.Context(), rows, nil, lake.Watermark{{Topic: "trades"}: 5})
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return at, older
}

// earlier takes for the older state of the table what another one holds: rows
// of an Iceberg table do not go away by an append.
type earlier struct {
	engine
	older lake.Snapshot
}

func (e earlier) Run(ctx context.Context, job spark.Job) ([]spark.Result, error) {
	job.Snapshots[0].Table, job.Snapshots[0].ID = sink.Namespace+".trades_once", e.older.ID
	return e.engine.Run(ctx, job)
}

// findsDefects looks for what the story's table has of them: trade 17 is not
// there, trade 20 is twice.
func findsDefects(t *testing.T, e engine) {
	t.Helper()
	rows, err := sparkaudit.Run(t.Context(), audited(e))
	require.NoError(t, err)
	assert.Equal(t, expected(), told(rows))
}

func audited(e engine) sparkaudit.Options {
	return sparkaudit.Options{
		Engine: e, Table: sink.Namespace + "." + sink.Table, From: weekOf(1), To: weekOf(1).Add(2 * time.Minute),
		Before: 1, Produced: produced(), DeadLetters: true,
		Columns: sparkaudit.Columns{
			Key: "trade_id", Exchange: "exchange", Symbol: "symbol", Time: "ingestion_timestamp", Price: "price", Quantity: "quantity",
			Sequence: "platform_sequence", SequencePer: []string{"exchange"},
		},
	}
}

// told is a row a line, without what it cost.
func told(rows []sparkaudit.Row) []string {
	var out []string
	for _, r := range rows {
		out = append(out, fmt.Sprintf("%s from %s to %s: expected %s, actual %s, %s: %s",
			r.Check, r.From.Format(time.TimeOnly), r.To.Format(time.TimeOnly), r.Expected, r.Actual, r.Answer, r.Evidence))
	}
	return out
}

func expected() []string {
	const (
		first  = " from 10:00:00 to 10:01:00: "
		second = " from 10:01:00 to 10:02:00: "
		whole  = " from 10:00:00 to 10:02:00: "
	)
	shows := func(symbol, from, to string) string {
		return "SELECT count(*), sum(price), sum(quantity), sum(price * quantity), min(ingestion_timestamp), max(ingestion_timestamp)" +
			" FROM market_data.trades_v2 WHERE exchange = 'ASX' AND symbol = " + symbol + " AND ingestion_timestamp >= TIMESTAMP '2026-03-02 " + from +
			".000000' AND ingestion_timestamp < TIMESTAMP '2026-03-02 " + to + ".000000'"
	}
	quoted := shows(`concat('O', chr(39), 'N', chr(92))`, "10:01:00", "10:02:00")
	// In the first minute BHP lacks trade 17, in the second it has trade 20 twice;
	// of O'N\ nothing came.
	sent, stored := produced(), []sparkaudit.Sums{sumOf(0, "BHP", 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 18), sumOf(1, "BHP", 20, 20, 21)}
	differ := func(check, none string, of func(sparkaudit.Sums) string) []string {
		return []string{
			fmt.Sprintf("%s%sexpected %s, actual %s, violated: %s", check, first, of(sent[0]), of(stored[0]), shows("'BHP'", "10:00:00", "10:01:00")),
			fmt.Sprintf("%s%sexpected %s, actual %s, violated: %s", check, second, of(sent[2]), of(stored[1]), shows("'BHP'", "10:01:00", "10:02:00")),
			fmt.Sprintf("%s%sexpected %s, actual %s, violated: %s", check, second, of(sent[4]), none, quoted),
		}
	}
	return slices.Concat(
		[]string{"key_unique" + whole + "expected 0, actual 1, violated: BHP-20 stands 2 times." +
			" SELECT trade_id, count(*) FROM market_data.trades_v2 GROUP BY trade_id HAVING count(*) > 1"},
		differ("window_count", "0", func(s sparkaudit.Sums) string { return fmt.Sprint(s.Records) }),
		differ("window_sum_price", "0.00000000", func(s sparkaudit.Sums) string { return s.Price }),
		differ("window_sum_quantity", "0.00000000", func(s sparkaudit.Sums) string { return s.Quantity }),
		differ("window_sum_price_x_quantity", "0.0000000000000000", func(s sparkaudit.Sums) string { return s.Turnover }),
		[]string{
			"window_times" + second + "expected 2026-03-02T10:01:06.250000Z to 2026-03-02T10:01:06.250000Z, actual none, violated: " + quoted,
			"sequence_platform_sequence" + whole + "expected 0, actual 2, violated: platform_sequence of ASX: 17 missing;" +
				" platform_sequence of ASX: 1 numbers there more than once",
			"stored_stays" + whole + "expected 5, actual 3, violated: since snapshot 1: 1 keys gone, 1 changed, such as BHP-17",
			"unresolved_dead_letters" + whole + "expected 0, actual 1, violated: 1 classes of error, such as bad_tick. SELECT * FROM chaos.dlq_audit WHERE NOT resolved AND part = 1",
		},
	)
}

// produced is what the log has of the story's trades, each once, and one of a
// symbol that is hard to write in SQL.
func produced() []sparkaudit.Sums {
	return []sparkaudit.Sums{
		sumOf(0, "BHP", 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18), sumOf(0, "CBA", 1, 4, 7, 10, 13, 16, 19),
		sumOf(1, "BHP", 20, 21), sumOf(1, "CBA", 22), sumOf(1, `O'N\`, 22),
	}
}

func sumOf(minute int, symbol string, numbers ...int64) sparkaudit.Sums {
	price, quantity, turnover := new(big.Rat), new(big.Rat), new(big.Rat)
	for _, n := range numbers {
		v := tradeOf(n)
		price.Add(price, v.Price)
		quantity.Add(quantity, v.Quantity)
		turnover.Add(turnover, new(big.Rat).Mul(v.Price, v.Quantity))
	}
	return sparkaudit.Sums{
		Exchange: "ASX", Symbol: symbol, From: weekOf(1).Add(time.Duration(minute) * time.Minute), Records: int64(len(numbers)),
		Price: price.FloatString(8), Quantity: quantity.FloatString(8), Turnover: turnover.FloatString(16),
		First: tradeOf(numbers[0]).IngestionTimestamp, Last: tradeOf(numbers[len(numbers)-1]).IngestionTimestamp,
	}
}

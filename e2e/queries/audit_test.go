//go:build e2e

package queries_test

import (
	"context"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/spark"
	"github.com/k2-platform/faultline/internal/sparkaudit"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/sandbox/trade"
)

func TestAuditOnDuckDB(t *testing.T) {
	at, older := makeAudited(t)
	findsDefects(t, earlier{newDuck(t, at), older})
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
	at, _ := makeTables(t)
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
	from, to := weekOf(1), weekOf(1).Add(2*time.Minute)
	rows, err := sparkaudit.Run(t.Context(), sparkaudit.Options{
		Engine: e, Table: sink.Namespace + "." + sink.Table, From: from, To: to, Before: 1, Produced: produced(), DeadLetters: true,
		Columns: sparkaudit.Columns{
			Key: "trade_id", Exchange: "exchange", Symbol: "symbol", Time: "ingestion_timestamp", Price: "price", Quantity: "quantity",
			Sequence: "platform_sequence",
		},
	})
	require.NoError(t, err)
	for i := range rows {
		if (i == 0 || rows[i].Check != rows[i-1].Check) && rows[i].Answer != events.Unknown {
			assert.Positive(t, rows[i].Cost, rows[i].Check)
		}
		rows[i].Cost = 0
	}
	row := func(check, subject, expected, actual, evidence string) sparkaudit.Row {
		return sparkaudit.Row{
			Check: check, Subject: subject, From: from, To: to, Expected: expected, Actual: actual, Answer: events.Violated, Evidence: evidence,
		}
	}
	first := row("window_sums", "ASX BHP", sums(produced()[0]), sums(sumOf(0, "BHP", 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 18)), "")
	first.To = from.Add(time.Minute)
	second := row("window_sums", "ASX BHP", sums(produced()[2]), sums(sumOf(1, "BHP", 20, 20, 21)), "")
	second.From = from.Add(time.Minute)
	require.Len(t, rows, 7)
	assert.Equal(t, []sparkaudit.Row{
		row("unique_key", "all", "21", "22", "1 keys stand more than once, from BHP-20 to BHP-20"),
		row("window_sums", "all", "4", "2", ""), first, second,
		row("sequence_gaps", "ASX", "22", "21", "1 gaps, the first between 16 and 18"),
		row("stored_stays", "all", "5", "3", "1 are gone, 1 changed, such as BHP-17"),
	}, rows[:6])
	// The table of dead letters of today has no such column: that is no answer.
	assert.Equal(t, "unresolved_dead_letters", rows[6].Check)
	assert.Equal(t, events.Unknown, rows[6].Answer)
	assert.Contains(t, rows[6].Evidence, "resolved")
}

// produced is what the log has of the story's trades: each once.
func produced() []sparkaudit.Sums {
	return []sparkaudit.Sums{
		sumOf(0, "BHP", 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18), sumOf(0, "CBA", 1, 4, 7, 10, 13, 16, 19),
		sumOf(1, "BHP", 20, 21), sumOf(1, "CBA", 22),
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
	}
}

// sums is how a row writes them.
func sums(s sparkaudit.Sums) string {
	return fmt.Sprintf("%d records, price %s, quantity %s, price * quantity %s", s.Records, s.Price, s.Quantity, s.Turnover)
}

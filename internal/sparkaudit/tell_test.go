package sparkaudit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/spark"
)

// tells runs only the check that the result is of.
func tells(t *testing.T, r spark.Result, change func(*Options)) []Row {
	t.Helper()
	o := options(told{results: []spark.Result{r}})
	change(&o)
	rows, err := Run(t.Context(), o)
	require.NoError(t, err)
	var own []Row
	for _, row := range rows {
		if row.Cost != 0 {
			own = append(own, row)
		}
	}
	return own
}

func asIs(*Options) {}

func TestKeys(t *testing.T) {
	columns := []string{"records", "keyless", "doubled", "record_key", "copies"}
	assert.Equal(t, []Row{row("key_unique", "0", "0", events.Holds, "5 rows of market_data.trades_v2 have one key each, and no two the same")},
		tells(t, answered("key_unique", columns, []string{"5", "0", "0", "-", "-"}), asIs))
	assert.Equal(t, []Row{row("key_unique", "0", "4", events.Violated, "2 rows have no key; a stands 2 times; b stands 3 times; and 1 more."+
		" SELECT trade_id, count(*) FROM market_data.trades_v2 GROUP BY trade_id HAVING count(*) > 1")},
		tells(t, answered("key_unique", columns, []string{"9", "2", "3", "a", "2"}, []string{"9", "2", "3", "b", "3"}), asIs))
}

func TestSequences(t *testing.T) {
	const name = "sequence_platform_sequence"
	columns := []string{"sequences", "amount", "sequence_of", "first_missing", "last_missing", "repeats"}
	assert.Equal(t, []Row{row(name, "0", "0", events.Holds, "2 sequences of platform_sequence have no gap, and no number twice")},
		tells(t, answered(name, columns, []string{"2", "0", "-", "-", "-", "-"}), asIs))
	assert.Equal(t, []Row{row(name, "0", "4", events.Violated, "platform_sequence of ASX: 3 missing; platform_sequence of ASX: 5 to 9 missing;"+
		" platform_sequence: 2 numbers there more than once; and 1 more")},
		tells(t, answered(name, columns, []string{"2", "4", "ASX", "3", "3", "-"}, []string{"2", "4", "ASX", "5", "9", "-"}, []string{"2", "4", "", "-", "-", "2"}), asIs))
}

func TestStays(t *testing.T) {
	columns, before := []string{"expected", "actual", "gone", "changed", "first_key"}, func(o *Options) { o.Before = 7 }
	assert.Equal(t, []Row{row("stored_stays", "5", "5", events.Holds, "all that snapshot 7 has of the window is there as it was")},
		tells(t, answered("stored_stays", columns, []string{"5", "5", "0", "0", "-"}), before))
	assert.Equal(t, []Row{row("stored_stays", "5", "2", events.Violated, "since snapshot 7: 1 keys gone, 2 changed, such as a")},
		tells(t, answered("stored_stays", columns, []string{"5", "2", "1", "2", "a"}), before))
}

func TestLetters(t *testing.T) {
	columns, ask := []string{"amount", "classes", "first_class"}, func(o *Options) { o.DeadLetters = true }
	const name = "unresolved_dead_letters"
	assert.Equal(t, []Row{row(name, "0", "0", events.Holds, "no dead letter of the window is unresolved")},
		tells(t, answered(name, columns, []string{"0", "0", "-"}), ask))
	assert.Equal(t, []Row{row(name, "0", "3", events.Violated, "2 classes of error, such as decode. SELECT * FROM chaos.dlq_audit WHERE NOT resolved AND part = 1")},
		tells(t, answered(name, columns, []string{"3", "2", "decode"}), ask))
}

// TestSums has slots that differ in one measure, in the wrong order, and all
// else in agreement.
func TestSums(t *testing.T) {
	columns := []string{"measure", "exchange", "symbol", "slot_from", "slot_to", "expected", "actual", "amount"}
	whole := func(measure, total string) []string { return []string{measure, "-", "-", "-", "-", total, total, "3"} }
	rows := tells(t, answered("window_sums", columns,
		[]string{"count", "ASX", "CBA", "2026-03-02T10:01:00Z", "2026-03-02T10:02:00Z", "2", "0", "3"},
		[]string{"count", "ASX", "BHP", "2026-03-02T10:00:00Z", "2026-03-02T10:01:00Z", "2", "3", "3"},
		whole("times", "1772445600000000 1772445660250000"), whole("turnover", "9.5"), whole("quantity", "4"), whole("price", "3"),
	), func(o *Options) { o.Produced = []Sums{} })
	require.Len(t, rows, 6)
	const agree = "3 windows of a minute by exchange, symbol agree"
	assert.Equal(t, []Row{
		row("window_sum_price", "3", "3", events.Holds, agree),
		row("window_sum_quantity", "4", "4", events.Holds, agree),
		row("window_sum_price_x_quantity", "9.5", "9.5", events.Holds, agree),
		row("window_times", "2026-03-02T10:00:00.000000Z to 2026-03-02T10:01:00.250000Z", "2026-03-02T10:00:00.000000Z to 2026-03-02T10:01:00.250000Z", events.Holds, agree),
	}, rows[2:])
	first := row("window_count", "2", "3", events.Violated, "SELECT count(*), sum(price), sum(quantity), sum(price * quantity), min(ingestion_timestamp), max(ingestion_timestamp)"+
		" FROM market_data.trades_v2 WHERE exchange = 'ASX' AND symbol = 'BHP' AND ingestion_timestamp >= TIMESTAMP '2026-03-02 10:00:00.000000'"+
		" AND ingestion_timestamp < TIMESTAMP '2026-03-02 10:01:00.000000'")
	first.To = from().Add(time.Minute)
	assert.Equal(t, first, rows[0])
	assert.Contains(t, rows[1].Evidence, "symbol = 'CBA'")
	assert.Contains(t, rows[1].Evidence, "; and 1 more windows differ")
}

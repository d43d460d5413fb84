package checks_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/checks"
)

func TestACleanTableHoldsInEveryCheck(t *testing.T) {
	results := newWorld(t, trades(60), 25).run(t)
	require.Empty(t, not(results), "%+v", results)
	var names []string
	for _, r := range results {
		names = append(names, r.Check)
		require.NotEmpty(t, r.Evidence, r.Check)
	}
	require.Equal(t, []string{
		"snapshot_chain", "files_present", "orphan_files", "committed_offsets", "key_unique", "window_count", "window_sum_price",
		"window_sum_quantity", "window_sum_price_x_quantity", "window_digest", "window_times", "sequence_source_sequence", "schema_drift",
	}, names)
	require.Equal(t, "60", results[5].Expected)
	require.Positive(t, results[1].Cost.Rows)
	require.Positive(t, results[1].Cost.Bytes)
	require.EqualValues(t, 120, results[5].Cost.Rows, "both sides were read")
}

// TestNoFalseAlarm: tables of random rows, written in random commits, are well,
// whatever the digits, also with records that make no row.
func TestNoFalseAlarm(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 25).Draw(rt, "rows")
		// Of a few days, as each day has a file in each commit.
		day := rapid.Int64Range(-1_000_000, 4_000_000_000_000_000).Draw(rt, "day")
		rows, next := make([]trade, n), map[string]int64{}
		for i := range rows {
			symbol := rapid.SampledFrom([]string{"BHP", "C'BA", "", "日経"}).Draw(rt, "symbol")
			rows[i] = trade{
				id: fmt.Sprint(i), exchange: rapid.SampledFrom([]string{"ASX", "BINANCE"}).Draw(rt, "exchange"), symbol: symbol,
				at:       time.UnixMicro(day + rapid.Int64Range(0, 2*24*time.Hour.Microseconds()).Draw(rt, "at")).UTC(),
				price:    rapid.Int64Range(-999_999_999_999_999_999, 999_999_999_999_999_999).Draw(rt, "price"),
				quantity: rapid.Int64Range(-999_999_999_999_999_999, 999_999_999_999_999_999).Draw(rt, "quantity"),
			}
			of := rows[i].exchange + symbol
			rows[i].sequence = next[of]
			next[of] += rapid.Int64Range(1, 2).Draw(rt, "step") // the log has gaps, too
		}
		w := newWorld(t, nil, 1)
		for at := 0; at < n; {
			size := rapid.IntRange(1, n-at).Draw(rt, "commit")
			w.append(t, rows[at:at+size], size+rapid.IntRange(0, 2).Draw(rt, "dead letters"))
			at += size
		}
		w.log, w.used = rows, map[int32]int64{7: int64(n)}
		w.places.End[0], w.places.Committed[0] = w.next+rapid.Int64Range(0, 5).Draw(rt, "under way"), w.next
		results := w.run(t)
		require.Empty(rt, not(results), "%+v", results)
	})
}

// TestATableThatIsWrittenToIsNotDamaged: a writer goes on, and takes away the
// files of snapshots that it expires, while the checks look.
func TestATableThatIsWrittenToIsNotDamaged(t *testing.T) {
	w := newWorld(t, nil, 1)
	expiring := definition()
	expiring.KeepSnapshots = 1
	table, err := lake.OpenTable(t.Context(), w.lake, expiring)
	require.NoError(t, err)
	wrote := make(chan error, 1)
	go func() {
		at := func(n int) lake.Watermark { return lake.Watermark{{Topic: topic}: int64(n)} }
		for i, row := range trades(120) {
			if _, err := table.Append(t.Context(), []trade{row}, at(i), at(i+1)); err != nil {
				wrote <- err
				return
			}
		}
		wrote <- nil
	}()
	list := []checks.Check{checks.Chain{}, checks.Files{}, checks.Orphans{Age: 24 * time.Hour}}
	look := func() []checks.Result {
		results := checks.Run(t.Context(), list, w.input())
		for _, r := range results {
			require.NotEqual(t, events.Violated, r.Answer, "%s: %s", r.Check, r.Evidence)
		}
		return results
	}
	for {
		look()
		select {
		case err := <-wrote:
			require.NoError(t, err)
			require.Empty(t, not(look()), "nobody writes any more")
			a, err := w.lake.Anatomy(t.Context(), "market_data", "trades")
			require.NoError(t, err)
			require.Less(t, len(a.Snapshots), 120, "some were expired")
			return
		default:
		}
	}
}

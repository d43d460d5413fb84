package checks_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/checks"
)

// changed is a log whose table has one row otherwise.
func changed(change func(rows []trade) []trade) func(*testing.T) *world {
	return func(t *testing.T) *world {
		t.Helper()
		log := trades(60)
		w := newWorld(t, change(slices.Clone(log)), 25)
		w.log, w.used = log, map[int32]int64{7: 60}
		n := int64(len(log))
		w.places.End, w.places.Committed = map[int32]int64{0: n}, map[int32]int64{0: n}
		if w.next < n {
			w.append(t, nil, int(n-w.next)) // the sink read them all
		}
		return w
	}
}

// damaged is a table of sixty rows in three commits that something was done to.
func damaged(harm func(*testing.T, *world)) func(*testing.T) *world {
	return func(t *testing.T) *world {
		t.Helper()
		w := newWorld(t, trades(60), 25)
		harm(t, w)
		return w
	}
}

// TestEachDamageIsFoundByTheCheckForIt, and by no other that has nothing to do
// with it.
func TestEachDamageIsFoundByTheCheckForIt(t *testing.T) {
	price, quantity, product := "window_sum_price", "window_sum_quantity", "window_sum_price_x_quantity"
	for name, c := range map[string]struct {
		world    func(*testing.T) *world
		violated []string
		unknown  []string
		check    string // whose evidence says
		evidence string
	}{
		"price and quantity swapped within a row": {
			world: changed(func(rows []trade) []trade {
				rows[30].price, rows[30].quantity = rows[30].quantity, rows[30].price
				return rows
			}),
			violated: []string{price, quantity, "window_digest"},
			check:    "window_digest", evidence: "symbol = 'BHP' AND timestamp >= TIMESTAMP '2026-11-25 00:00:00.000000+00:00'",
		},
		"the price of two rows of one window swapped": {
			world: changed(func(rows []trade) []trade {
				rows[30].price, rows[32].price = rows[32].price, rows[30].price
				return rows
			}),
			violated: []string{product, "window_digest"},
		},
		"all of two rows but their keys swapped": {
			world: changed(func(rows []trade) []trade {
				rows[30].id, rows[32].id = rows[32].id, rows[30].id
				return rows
			}),
			violated: []string{"window_digest"},
		},
		"a decimal truncated": {
			world: changed(func(rows []trade) []trade {
				rows[30].price -= rows[30].price % 10_000
				return rows
			}),
			violated: []string{price, product, "window_digest"},
		},
		"a timestamp an hour late": {
			world: changed(func(rows []trade) []trade {
				rows[30].at = rows[30].at.Add(time.Hour)
				return rows
			}),
			violated: []string{"window_count", price, quantity, product, "window_digest", "window_times"},
		},
		"a timestamp a microsecond late": {
			world: changed(func(rows []trade) []trade {
				rows[30].at = rows[30].at.Add(time.Microsecond)
				return rows
			}),
			violated: []string{"window_digest", "window_times"},
		},
		"a row lost": {
			world:    changed(func(rows []trade) []trade { return slices.Delete(rows, 33, 34) }),
			violated: []string{"window_count", price, quantity, product, "window_digest", "sequence_source_sequence"},
			check:    "sequence_source_sequence", evidence: "source_sequence of ASX, CBA: 16 missing",
		},
		"a row twice": {
			world: damaged(func(t *testing.T, w *world) {
				t.Helper()
				w.append(t, w.log[30:31], 0)
			}),
			violated: []string{"window_count", price, quantity, product, "window_digest", "key_unique", "sequence_source_sequence", "committed_offsets"},
			check:    "key_unique", evidence: "T00030 stands 2 times. SELECT trade_id, count(*) FROM market_data.trades GROUP BY trade_id HAVING count(*) > 1",
		},
		"offsets committed before the write": {
			world: damaged(func(_ *testing.T, w *world) {
				w.places.End[0], w.places.Committed[0] = 70, 65
			}),
			violated: []string{"committed_offsets"},
			check:    "committed_offsets", evidence: "the sink committed offset 65, and the table has all below 60 only",
		},
		"the topic truncated before it was read": {
			world: damaged(func(_ *testing.T, w *world) {
				w.places.Start[0], w.places.End[0], w.places.Committed[0] = 64, 70, 0
			}),
			violated: []string{"committed_offsets"},
			check:    "committed_offsets", evidence: "offsets 60 to 63 are gone from the topic",
		},
		"the topic made anew": {
			world: damaged(func(_ *testing.T, w *world) {
				w.places.End[0], w.places.Committed[0] = 5, 0
			}),
			violated: []string{"committed_offsets"},
		},
		"a data file deleted": {
			world: damaged(func(t *testing.T, w *world) {
				t.Helper()
				require.NoError(t, os.Remove(w.file(t, "*.parquet")))
			}),
			violated: []string{"files_present"},
			unknown:  []string{"key_unique", "window_sums", "sequence_source_sequence"},
			check:    "files_present", evidence: ".parquet is missing",
		},
		"a data file a byte short": {
			world: damaged(func(t *testing.T, w *world) {
				t.Helper()
				path := w.file(t, "*.parquet")
				info, err := os.Stat(path)
				require.NoError(t, err)
				require.NoError(t, os.Truncate(path, info.Size()-1))
			}),
			violated: []string{"files_present"},
			unknown:  []string{"key_unique", "window_sums", "sequence_source_sequence"},
			check:    "files_present", evidence: "bytes, stated are",
		},
		"a manifest deleted": {
			world: damaged(func(t *testing.T, w *world) {
				t.Helper()
				require.NoError(t, os.Remove(w.file(t, "[^s]*.avro")))
			}),
			violated: []string{"files_present"},
			unknown:  []string{"key_unique", "window_sums", "sequence_source_sequence", "orphan_files"},
			check:    "files_present", evidence: ".avro is missing",
		},
		"a manifest list deleted": {
			world: damaged(func(t *testing.T, w *world) {
				t.Helper()
				a, err := w.lake.Anatomy(t.Context(), "market_data", "trades")
				require.NoError(t, err)
				require.NoError(t, os.Remove(lake.Place(a.Snapshots[0].List)))
			}),
			violated: []string{"files_present", "snapshot_chain"},
			unknown:  []string{"orphan_files"},
		},
		"an orphan file": {
			world: damaged(func(t *testing.T, w *world) {
				t.Helper()
				require.NoError(t, os.WriteFile(w.file(t, "*.parquet")+".copy", []byte("x"), 0o600))
			}),
			violated: []string{"orphan_files"},
			check:    "orphan_files", evidence: ".parquet.copy",
		},
		"an orphan commit": {
			world: damaged(func(t *testing.T, w *world) {
				t.Helper()
				path, meta := w.metadata(t)
				text, err := json.Marshal(meta)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(path), "00009-orphan.metadata.json"), text, 0o600))
			}),
			violated: []string{"orphan_files"},
			check:    "orphan_files", evidence: "00009-orphan.metadata.json",
		},
		"rolled back by a snapshot": {
			world: damaged(func(t *testing.T, w *world) {
				t.Helper()
				w.tamper(t, func(meta map[string]any) {
					older := meta["snapshots"].([]any)[1].(map[string]any)["snapshot-id"] //nolint:forcetypeassert // as Iceberg has it
					meta["current-snapshot-id"] = older
					meta["refs"].(map[string]any)["main"].(map[string]any)["snapshot-id"] = older //nolint:forcetypeassert // as Iceberg has it
				})
			}),
			violated: []string{"snapshot_chain", "committed_offsets", "window_count", price, quantity, product, "window_digest", "window_times", "sequence_source_sequence"},
			check:    "snapshot_chain", evidence: "is on no branch: the table was rolled back behind it",
		},
		"a snapshot taken out of the middle": {
			world: damaged(func(t *testing.T, w *world) {
				t.Helper()
				w.tamper(t, func(meta map[string]any) {
					meta["snapshots"] = slices.Delete(meta["snapshots"].([]any), 1, 2) //nolint:forcetypeassert // as Iceberg has it
				})
			}),
			violated: []string{"snapshot_chain", "orphan_files"},
			check:    "snapshot_chain", evidence: "is gone while the older snapshot",
		},
		"a count forged": {
			world: damaged(func(t *testing.T, w *world) {
				t.Helper()
				w.tamper(t, func(meta map[string]any) {
					summary := meta["snapshots"].([]any)[1].(map[string]any)["summary"].(map[string]any) //nolint:forcetypeassert // as Iceberg has it
					summary["total-records"] = "51"
				})
			}),
			violated: []string{"snapshot_chain"},
			check:    "snapshot_chain", evidence: "has 51 records, and its manifests list 50",
		},
		"a column added": {
			world: damaged(func(t *testing.T, w *world) {
				t.Helper()
				wider := definition()
				wider.Columns = append(wider.Columns, lake.OptionalText("venue", func(trade) (string, bool) { return "", false }))
				_, err := lake.OpenTable(t.Context(), w.lake, wider)
				require.NoError(t, err)
			}),
			violated: []string{"schema_drift"},
			check:    "schema_drift", evidence: "column venue is in the table and not in the mapping",
		},
		"a column dropped": {
			world: damaged(func(t *testing.T, w *world) {
				t.Helper()
				w.tamper(t, func(meta map[string]any) {
					schema := meta["schemas"].([]any)[0].(map[string]any)            //nolint:forcetypeassert // as Iceberg has it
					schema["fields"] = slices.Delete(schema["fields"].([]any), 6, 7) //nolint:forcetypeassert // as Iceberg has it
				})
			}),
			violated: []string{"schema_drift", "window_digest", "sequence_source_sequence"},
			check:    "schema_drift", evidence: "column source_sequence is in the mapping and not in the table",
		},
		"records of a schema that nobody registered": {
			world:    damaged(func(_ *testing.T, w *world) { w.used = map[int32]int64{7: 58, 9: 2} }),
			violated: []string{"schema_drift"},
			check:    "schema_drift", evidence: "2 records name schema 9",
		},
		"a schema that the records do not use yet": {
			world:    damaged(func(_ *testing.T, w *world) { w.used = map[int32]int64{5: 60} }),
			violated: []string{"schema_drift"},
			check:    "schema_drift", evidence: "schema 7 is the registry's latest",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results := c.world(t).run(t)
			want := map[string]events.Answer{}
			for _, v := range c.violated {
				want[v] = events.Violated
			}
			for _, u := range c.unknown {
				want[u] = events.Unknown
			}
			assert.Equal(t, want, not(results), "%+v", results)
			assert.Contains(t, evidence(results, c.check), c.evidence)
			for _, r := range results {
				assert.NotEmpty(t, r.Evidence, r.Check)
				assert.LessOrEqual(t, strings.Count(r.Evidence, ";"), checks.Named+2)
			}
		})
	}
}

// TestWhatWasWrongBeforeTheWindowIsNotOfIt: an experiment is not refuted by
// what another did.
func TestWhatWasWrongBeforeTheWindowIsNotOfIt(t *testing.T) {
	w := newWorld(t, trades(60), 25)
	w.append(t, w.log[30:31], 0)
	a, err := w.lake.Anatomy(t.Context(), "market_data", "trades")
	require.NoError(t, err)
	w.append(t, trades(63)[60:], 3)
	w.places.End[0] = 63
	w.tamper(t, func(meta map[string]any) {
		summary := meta["snapshots"].([]any)[1].(map[string]any)["summary"].(map[string]any) //nolint:forcetypeassert // as Iceberg has it
		summary["total-records"] = "51"
	})
	list := []checks.Check{checks.Chain{}, checks.Files{}, checks.Offsets{}}
	in := w.input()
	require.Len(t, not(checks.Run(t.Context(), list, in)), 2)
	in.After = a.Current
	require.Empty(t, not(checks.Run(t.Context(), list, in)))
	w.append(t, w.log[31:32], 0)
	require.Equal(t, map[string]events.Answer{"committed_offsets": events.Violated}, not(checks.Run(t.Context(), list, in)))
}

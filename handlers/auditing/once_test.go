package auditing_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/auditing"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/audit/sources"
	"github.com/k2-platform/faultline/spec"
)

func begin() time.Time { return time.Now().Add(-time.Hour) }

// once is an audit that takes what time it needs: the machine may be busy.
func once(t *testing.T, x *lab, by sources.By) audit.Report {
	t.Helper()
	return within(t, x, by, time.Minute)
}

func within(t *testing.T, x *lab, by sources.By, wait time.Duration) audit.Report {
	t.Helper()
	r, err := auditing.Once(t.Context(), x.platform(), begin().Add(-time.Minute), time.Now(), auditing.Options{
		By: by, Wait: wait, Quiet: audit.Quiet{For: time.Second / 4},
	})
	require.NoError(t, err)
	return r
}

// broken is a sink with one of each defect.
func broken(i int, t trade) []trade {
	switch i {
	case 3: // lost
		return nil
	case 4: // twice
		return []trade{t, t}
	case 5: // altered
		t.price++
	case 6: // dead-lettered below, and stored, too
	case 7: // dead-lettered below
		return nil
	case 8: // a row that nobody sent
		return []trade{t, {id: "nobody", price: 1, at: t.at}}
	}
	return []trade{t}
}

func TestDefectsOfASinkAreFoundByEachWay(t *testing.T) {
	for by, phantoms := range map[sources.By]int64{sources.ByCommits: 1, sources.ByMoment: 1, sources.ByOffsets: 0} {
		t.Run(string(by), func(t *testing.T) {
			x := newLab(t, by == sources.ByCommits)
			x.send(500, begin())
			x.bury(6, "invalid")
			x.bury(7, "bad_tick")
			x.sink(broken)
			r := once(t, x, by)
			want := map[account.Class]int64{
				account.StoredOnce: 495, account.LostAcked: 1, account.StoredN: 1, account.Altered: 1,
				account.StoredAndDeadLettered: 1, account.DeadLettered: 1,
			}
			if phantoms > 0 {
				want[account.Phantom] = phantoms
			}
			assert.Equal(t, want, r.Counts)
			assert.Equal(t, 1-phantoms, r.Others)
			assert.Equal(t, []string{"price: sent 100500, stored 100600"}, r.Examples[account.Altered][0].Differ)
			assert.Equal(t, map[string]int64{"invalid": 1, "bad_tick": 1}, r.Reasons)
			assert.True(t, r.Conclusive(), r.Why())
			assert.Equal(t, 1, auditing.ExitCode(r))
		})
	}
}

func TestAFaithfulSinkIsFoundToBeOne(t *testing.T) {
	for _, by := range sources.Ways() {
		x := newLab(t, by == sources.ByCommits)
		x.send(500, begin())
		x.sink(faithful)
		x.send(500, begin())
		x.sink(faithful)
		r := once(t, x, by)
		assert.Equal(t, map[account.Class]int64{account.StoredOnce: 1000}, r.Counts, by)
		assert.Equal(t, events.Holds, r.Answer(), r.Why())
		assert.Equal(t, 0, auditing.ExitCode(r))
	}
}

func TestTheBestWayIsTaken(t *testing.T) {
	x := newLab(t, true)
	x.send(10, begin())
	x.sink(faithful)
	by, err := x.platform().Best(t.Context())
	require.NoError(t, err)
	assert.Equal(t, sources.ByCommits, by)
	assert.Equal(t, events.Holds, once(t, x, "").Answer())
	x = newLab(t, false)
	by, err = x.platform().Best(t.Context())
	require.NoError(t, err)
	assert.Equal(t, sources.ByMoment, by)
	x.books.Moment = ""
	by, err = x.platform().Best(t.Context())
	require.NoError(t, err)
	assert.Equal(t, sources.ByOffsets, by)
	_, err = auditing.Once(t.Context(), x.platform(), begin(), time.Now(), auditing.Options{By: sources.ByMoment})
	require.ErrorContains(t, err, "write moment: in the platform")
	_, err = auditing.Once(t.Context(), x.platform(), begin(), begin().Add(-time.Hour), auditing.Options{})
	require.ErrorContains(t, err, "no time between them")
}

// TestASinkThatIsBehindLeavesTheBooksOpen: what it has not come to is in
// flight, and not lost.
func TestASinkThatIsBehindLeavesTheBooksOpen(t *testing.T) {
	x := newLab(t, true)
	x.send(100, begin())
	x.sink(faithful)
	x.send(50, begin())
	r := within(t, x, sources.ByMoment, 2*time.Second)
	assert.Equal(t, map[account.Class]int64{account.StoredOnce: 100, account.InFlight: 50}, r.Counts)
	assert.Contains(t, r.Why(), "50 records are not in the table")
	assert.Equal(t, 5, auditing.ExitCode(r))
	r = within(t, x, sources.ByCommits, 2*time.Second)
	assert.Contains(t, r.Why(), "50 records are not in the table")
	assert.Equal(t, 5, auditing.ExitCode(r), "what was committed is well, and that is not all")
}

func TestATopicCutByRetentionIsNamed(t *testing.T) {
	x := newLab(t, true)
	x.send(100, begin())
	x.sink(faithful)
	var cut kadm.Offsets
	cut.Add(kadm.Offset{Topic: "trades", Partition: 1, At: 20})
	_, err := kadm.NewClient(x.kafka).DeleteRecords(t.Context(), cut)
	require.NoError(t, err)
	r := once(t, x, sources.ByCommits)
	assert.Contains(t, r.Why(), "log, partition 1, offsets 0 to 19: the records are no longer there")
	assert.Equal(t, int64(20), r.Unknown)
	assert.Equal(t, 5, auditing.ExitCode(r))
}

func TestAFolderOfDeadLetters(t *testing.T) {
	x := newLab(t, true)
	x.send(100, begin())
	x.sink(func(i int, t trade) []trade {
		if i == 42 {
			return nil
		}
		return []trade{t}
	})
	x.books.LetterFolder = t.TempDir()
	file := filepath.Join(x.books.LetterFolder, "dlq_20260304_120000.jsonl")
	text := fmt.Sprintf(`{"timestamp":"now","error":"no","error_type":"ValueError","message":%s,"metadata":{"topic":"trades"}}`+"\n\n"+
		`{"error":"no","message":{"id":"T43","price":"1","at":1},"metadata":{"topic":"quotes"}}`+"\n", x.sent[42].json())
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	r := once(t, x, "")
	assert.Equal(t, map[account.Class]int64{account.StoredOnce: 99, account.DeadLettered: 1}, r.Counts)
	assert.Equal(t, map[string]int64{"ValueError": 1}, r.Reasons)
	assert.Equal(t, 0, auditing.ExitCode(r))
	require.NoError(t, os.WriteFile(file, append([]byte(text), "{cut off\n"...), 0o600))
	r = once(t, x, "")
	assert.Contains(t, r.Why(), "1 lines name no record, the first is line 4")
	x.books.LetterFolder += "/none"
	assert.Contains(t, once(t, x, "").Why(), "no such file")
}

// spurned is a row of a table of dead letters.
type spurned struct {
	raw    []byte
	source string
	offset int64
}

// TestATableOfDeadLetters as K2 has it: it names no partition, and has letters of
// other sources.
func TestATableOfDeadLetters(t *testing.T) {
	x := newLab(t, true)
	x.send(100, begin())
	x.sink(func(i int, t trade) []trade {
		if i == 42 || i == 43 {
			return nil
		}
		return []trade{t}
	})
	x.books.LetterTable = &spec.LetterTable{Namespace: "market", Table: "silver_dlq", Source: "bronze_asx"}
	assert.Contains(t, once(t, x, "").Why(), "reading the dead letters in market.silver_dlq")
	table, err := lake.OpenTable(t.Context(), x.lake, lake.Definition[spurned]{
		Namespace: "market", Name: "silver_dlq", PartitionByDay: "error_timestamp",
		Columns: []lake.Column[spurned]{
			lake.OptionalBytes("raw_record", func(r spurned) []byte { return r.raw }),
			lake.Text("error_reason", func(spurned) string { return "price below zero" }),
			lake.OptionalText("error_type", func(r spurned) (string, bool) { return "price_validation", r.offset > 0 }),
			lake.Instant("error_timestamp", func(spurned) time.Time { return begin() }),
			lake.Text("bronze_source", func(r spurned) string { return r.source }),
			lake.Int("kafka_offset", func(r spurned) int64 { return r.offset }),
			lake.OptionalInt("schema_id", func(spurned) (int64, bool) { return 0, false }),
		},
	})
	require.NoError(t, err)
	assert.Equal(t, int64(2), once(t, x, "").Counts[account.LostAcked], "a table without a row has no letter")
	var mark lake.Watermark
	put := func(rows ...spurned) {
		next := lake.Watermark{{Topic: "dead"}: mark[lake.Partition{Topic: "dead"}] + 1}
		_, err := table.Append(t.Context(), rows, mark, next)
		require.NoError(t, err)
		mark = next
	}
	put(spurned{x.sent[42].json(), "bronze_asx", 21}, spurned{x.sent[44].json(), "bronze_other", 22}, spurned{x.sent[43].json(), "bronze_asx", 0})
	r := once(t, x, "")
	assert.Equal(t, map[account.Class]int64{account.StoredOnce: 98, account.DeadLettered: 2}, r.Counts)
	assert.Equal(t, map[string]int64{"price_validation": 1, "price below zero": 1}, r.Reasons)
	assert.Equal(t, 0, auditing.ExitCode(r), r.Why())
	put(spurned{[]byte("{cut off"), "bronze_asx", 9})
	r = once(t, x, "")
	assert.Contains(t, r.Why(), "1 dead letters in market.silver_dlq name no record: what they keep cannot be read, the first is of offset 9")
	assert.Equal(t, 5, auditing.ExitCode(r))
}

// TestWhatIsPrinted is the manual of the command's output.
func TestWhatIsPrinted(t *testing.T) {
	x := newLab(t, true)
	x.send(500, time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC))
	x.bury(6, "invalid")
	x.bury(7, "bad_tick")
	x.sink(broken)
	r := once(t, x, sources.ByCommits)
	var out bytes.Buffer
	require.NoError(t, auditing.Print(&out, r))
	assert.Equal(t, `500 records of the log, 500 rows of the table, 2 records with a dead letter

Class                     records
stored_once               495
stored_n                  1  wrong
dead_lettered             1
stored_and_dead_lettered  1  wrong
lost_acked                1  wrong
altered                   1  wrong
phantom                   1  wrong

Why dead-lettered  records
bad_tick           1
invalid            1

Examples                  partition  offset  key
stored_n                  0          2       T4
dead_lettered             1          3       T7  bad_tick
stored_and_dead_lettered  0          3       T6  invalid
lost_acked                1          1       T3
altered                   1          2       T5  price: sent 100500, stored 100600
phantom                   -          -       nobody

5 records are lost, altered or too many.
`, out.String())
	out.Reset()
	require.NoError(t, auditing.PrintJSON(&out, auditing.Closed{Report: r}))
	var got map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &got))
	assert.Equal(t, "violated", got["answer"])
	assert.Equal(t, map[string]any{
		"stored_once": 495.0, "stored_n": 1.0, "dead_lettered": 1.0, "stored_and_dead_lettered": 1.0, "lost_acked": 1.0, "altered": 1.0, "phantom": 1.0,
	}, got["classes"])
}

package projections

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/projections/checks"
)

// accepted folds batches into what the projections are shown.
func accepted(batches ...events.Batch) []Batch {
	a, out := newAcceptor(newRulings()), []Batch(nil)
	for i, b := range batches {
		if one, ok := a.accept(b, bus.Record{Topic: topics().Events, Offset: int64(i)}); ok {
			out = append(out, one)
		}
	}
	return out
}

func each[R any](batches []Batch, rows func(Batch) []R) []R {
	var out []R
	for _, b := range batches {
		out = append(out, rows(b)...)
	}
	return out
}

func from(offset int64) Source { return Source{Topic: topics().Events, Offset: offset} }

func TestExperimentsHasARowForEachPhase(t *testing.T) {
	rows := each(accepted(story("x")...), Experiments)
	type short struct {
		phase, event string
		version      uint64
		index        int
	}
	var got []short
	for _, r := range rows {
		got = append(got, short{r.Phase, r.Event, r.Version, r.Index})
	}
	assert.Equal(t, []short{
		{"scheduled", events.TypeExperimentScheduled, 1, 0},
		{"baselining", events.TypeBaselineStarted, 2, 0},
		{"injecting", events.TypeFaultInjectionRequested, 3, 1},
		{"injected", events.TypeFaultInjected, 4, 0},
		{"rolling back", events.TypeRollbackRequested, 5, 0},
		{"recovering", events.TypeFaultRolledBack, 6, 0},
		{"concluded", events.TypeConcluded, 9, 1},
	}, got)
	assert.Equal(t, ExperimentRow{
		Source: from(8), Experiment: "x", Version: 9, Index: 1, Event: events.TypeConcluded, Phase: "concluded", At: second(90),
		Title: "Kafka stops", Claim: "trades keep flowing", System: "k2", Environment: "test", By: "ada",
		Cause: "planned", Reasons: "lost_acked: 2\nslow",
	}, rows[6])
}

func TestExperimentsOfADenial(t *testing.T) {
	rows := each(accepted(events.Batch{
		Experiment: "x", Version: 1, Cause: "c", At: second(1),
		Events: []events.Event{events.ExperimentDenied{By: "bob", Reasons: []string{"production", "no owner"}}},
	}), Experiments)
	assert.Equal(t, []ExperimentRow{{
		Source: from(0), Experiment: "x", Version: 1, Event: events.TypeExperimentDenied, Phase: "denied", At: second(1),
		By: "bob", Reasons: "production\nno owner",
	}}, rows)
}

func TestEventsHasEveryEvent(t *testing.T) {
	var rows []EventRow
	for _, b := range accepted(story("x")...) {
		more, err := Events(b)
		require.NoError(t, err)
		rows = append(rows, more...)
	}
	require.Len(t, rows, 11)
	last := rows[10]
	assert.JSONEq(t, `{"verdict":"refuted","reasons":["lost_acked: 2","slow"]}`, last.Payload)
	last.Payload = ""
	assert.Equal(t, EventRow{
		Source: from(8), Experiment: "x", Version: 9, Index: 1, Type: events.TypeConcluded, Cause: "c9", At: second(90),
	}, last)
	back, err := events.DecodeEvent(rows[7].Type, []byte(rows[7].Payload))
	require.NoError(t, err)
	assert.Equal(t, story("x")[6].Events[0], back)
}

func TestReadingsAndGap(t *testing.T) {
	one := tick(3, lagAt(2), events.Reading{Metric: "rate", At: second(3)})
	one.Gap = &events.Gap{From: second(0), To: second(2), Why: "kafka was away"}
	at := Source{Topic: topics().Readings, Partition: 2, Offset: 7}
	rows := Readings(Tick{Tick: one, Topic: at.Topic, Partition: at.Partition, Offset: at.Offset})
	base := ReadingRow{Source: at, Experiment: "x", Seq: 3, TickAt: second(3), Version: 4}
	lag, rate, gap := base, base, base
	lag.Metric, lag.Value, lag.At = "lag", 1, second(2)
	rate.Metric, rate.At = "rate", second(3)
	gap.At, gap.Gap, gap.GapFrom, gap.GapTo, gap.GapWhy = second(3), true, second(0), second(2), "kafka was away"
	assert.Equal(t, []ReadingRow{lag, rate, gap}, rows)
	assert.Empty(t, Readings(Tick{Tick: tick(4)}))
}

func TestFaults(t *testing.T) {
	row := func(offset int64, index int, phase string) FaultRow {
		return FaultRow{
			Source: from(offset), Experiment: "x", Version: uint64(offset + 1), Index: index,
			Step: "stop", Kind: "process.stop", Target: "kafka-1", Phase: phase, At: second(int(offset+1) * 10),
		}
	}
	requested, injected, asked, gone := row(2, 1, "requested"), row(3, 0, "present"), row(4, 0, "undoing"), row(5, 0, "gone")
	injected.SeenAt, gone.SeenAt = second(30), second(60)
	injected.Receipt, asked.Receipt, gone.Receipt = "r-1", "r-1", "r-1"
	asked.Cause, gone.Cause = "planned", "planned"
	assert.Equal(t, []FaultRow{requested, injected, asked, gone}, each(accepted(story("x")...), Faults))
}

func TestFaultsThatFailOrAreStuck(t *testing.T) {
	log := append(story("x")[:3:3], events.Batch{Experiment: "x", Version: 4, Cause: "c", At: second(40), Events: []events.Event{
		events.FaultInjectionFailed{Step: "stop", Why: "no such process"},
		events.RollbackStuck{Step: "stop", Why: "no agent", Manual: "kill -CONT 7"},
		events.FaultRolledBack{Step: "stop", Cause: events.Abort, Stays: []string{"id 3 is used up", "id 4, too"}},
	}})
	rows := each(accepted(log...), Faults)
	require.Len(t, rows, 4)
	assert.Equal(t, "id 3 is used up; id 4, too", rows[3].Stays)
	assert.Equal(t, []string{"failed", "no such process", ""}, []string{rows[1].Phase, rows[1].Why, rows[1].Manual})
	assert.Equal(t, []string{"stuck", "no agent", "kill -CONT 7"}, []string{rows[2].Phase, rows[2].Why, rows[2].Manual})
}

func TestVerdicts(t *testing.T) {
	rows := each(accepted(story("x")...), Verdicts)
	require.Len(t, rows, 1)
	got := rows[0]
	require.NotNil(t, got.Recovery)
	assert.Equal(t, 2500*time.Millisecond, got.Recovery.FromRollback.Of())
	require.NotNil(t, got.Books)
	assert.Equal(t, books(), *got.Books)
	got.Recovery, got.Books = nil, nil
	assert.Equal(t, VerdictRow{
		Source: from(8), Experiment: "x", Version: 9, Title: "Kafka stops", System: "k2", Environment: "test", By: "ada",
		Verdict: "refuted", Reasons: "lost_acked: 2\nslow", ExitCode: 1, At: second(90),
		Scheduled: second(10), Injected: second(30), RolledBack: second(60), Cause: "planned", Findings: "slow leader election",
	}, got)
}

func TestRecordLedger(t *testing.T) {
	row := LedgerRow{Source: from(7), Experiment: "x", Version: 8, At: second(80), WindowFrom: second(20), Balanced: true}
	count := func(class string, n int64) LedgerRow {
		r := row
		r.Class, r.Records = class, n
		return r
	}
	assert.Equal(t, []LedgerRow{
		count("dead_lettered", 3), count("dropped_at_source", 1), count("lost_acked", 2), count("stored_once", 92), count("unacked_absent", 1),
	}, each(accepted(story("x")...), RecordLedger), "books without a ledger are counted as the receipts say")

	closed := ledgered()
	row.Closing = "one"
	assert.Equal(t, []LedgerRow{count("lost_acked", 1), count("stored_once", 99)}, each(accepted(storyWith("x", closed)...), RecordLedger))
}

func TestAPageOfALedger(t *testing.T) {
	page := pageOf("x", "one", 3)
	p := LedgerPage{Page: page, Topic: topics().RecordLedger, Partition: 2, Offset: 9}
	at := Source{topics().RecordLedger, 2, 9}
	assert.Equal(t, []LedgerRow{{Source: at, Experiment: "x", At: second(80), Class: "lost_acked", Closing: "one", Page: 3, Record: &page.Records[0]}}, LedgerRecords(p))
	assert.Equal(t, []LetterRow{{Source: at, Experiment: "x", At: second(80), Closing: "one", Page: 3, Letter: page.Letters[0]}}, DLQAudit(p))
}

// ledgered are books with a ledger of records.
func ledgered() events.BooksClosed {
	b := books()
	b.Ledger = &events.RecordLedger{
		Records: 100, Rows: 99, Complete: true, Classes: map[string]int64{"stored_once": 99, "lost_acked": 1},
		Examples: []events.LedgerRecord{{Class: "lost_acked", Partition: 1, Offset: 7, Key: "BHP-7"}},
		Pages:    &events.LedgerPages{Closing: "one", Pages: 1, Records: 1, Letters: 1},
	}
	return b
}

func TestIntegrityChecks(t *testing.T) {
	type short struct {
		check            string
		expected, actual int64
		answer           events.Answer
	}
	for name, c := range map[string]struct {
		change func(*events.BooksClosed)
		want   []short
	}{
		"as told": {func(*events.BooksClosed) {}, []short{
			{checks.RecordAccounting, 100, 96, events.Holds},
			{checks.StoredTwice, 0, 0, events.Holds},
			{checks.LostAcked, 1, 2, events.Violated},
			{checks.StoredAsSent, 0, 0, events.Holds},
			{checks.BooksBalanced, 1, 1, events.Holds},
		}},
		"too much lost, some twice": {
			func(b *events.BooksClosed) { b.LossFraction, b.StoredTwice, b.LostAcked = 0.2, 3, 1 }, []short{
				{checks.RecordAccounting, 100, 96, events.Violated},
				{checks.StoredTwice, 0, 3, events.Violated},
				{checks.LostAcked, 1, 1, events.Holds},
				{checks.StoredAsSent, 0, 0, events.Holds},
				{checks.BooksBalanced, 1, 1, events.Holds},
			},
		},
		"more placed than taken": {
			func(b *events.BooksClosed) { b.Stored, b.LossFraction, b.LostAcked = 97, 0, 0 }, []short{
				{checks.RecordAccounting, 100, 101, events.Violated},
				{checks.StoredTwice, 0, 0, events.Holds},
				{checks.LostAcked, 1, 0, events.Holds},
				{checks.StoredAsSent, 0, 0, events.Holds},
				{checks.BooksBalanced, 1, 1, events.Holds},
			},
		},
		"otherwise than sent": {
			func(b *events.BooksClosed) { b.Altered, b.Shed, b.Stored, b.LostAcked = 2, 5, 87, 0 }, []short{
				{checks.RecordAccounting, 100, 96, events.Holds},
				{checks.StoredTwice, 0, 0, events.Holds},
				{checks.LostAcked, 1, 0, events.Holds},
				{checks.StoredAsSent, 0, 2, events.Violated},
				{checks.BooksBalanced, 1, 1, events.Holds},
			},
		},
		"not read": {
			func(b *events.BooksClosed) { b.Balanced, b.Why = false, "table unreadable" }, []short{
				{checks.RecordAccounting, 100, 96, events.Unknown},
				{checks.StoredTwice, 0, 0, events.Unknown},
				{checks.LostAcked, 1, 2, events.Unknown},
				{checks.StoredAsSent, 0, 0, events.Unknown},
				{checks.BooksBalanced, 1, 0, events.Unknown},
			},
		},
		"does not add up": {
			func(b *events.BooksClosed) { b.Balanced = false }, []short{
				{checks.RecordAccounting, 100, 96, events.Unknown},
				{checks.StoredTwice, 0, 0, events.Unknown},
				{checks.LostAcked, 1, 2, events.Unknown},
				{checks.StoredAsSent, 0, 0, events.Unknown},
				{checks.BooksBalanced, 1, 0, events.Violated},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			log := story("x")[:8]
			closed := books()
			c.change(&closed)
			log[7].Events = []events.Event{closed}
			rows := each(accepted(log...), IntegrityChecks)
			var got []short
			for _, r := range rows {
				expected, actual := r.Numbers()
				got = append(got, short{r.Found.Check, expected, actual, r.Found.Answer})
				assert.Equal(t, []time.Time{second(80), second(20), second(80)}, []time.Time{r.At, r.WindowFrom, r.WindowTo})
				assert.Contains(t, r.Found.Evidence, "snapshots: 11 to 13")
				assert.Contains(t, r.Found.Evidence, closed.Why)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

// TestChecksOfTheTableAreRows: exact values stand beside the numbers, and a check
// that names no window has the experiment's.
func TestChecksOfTheTableAreRows(t *testing.T) {
	log := story("x")[:8]
	closed := books()
	closed.Checks = []checks.Result{
		{Check: "window_sum_price", From: second(30), To: second(40), Expected: "12.340000", Actual: "12.350000", Answer: events.Violated, Evidence: "e"},
		{Check: "key_unique", Expected: "0", Actual: "2", Answer: events.Violated},
		{Check: "files_present"},
	}
	log[7].Events = []events.Event{closed}
	rows := each(accepted(log...), IntegrityChecks)
	require.Len(t, rows, 8)
	rows = rows[5:]
	var numbers [][2]int64
	var windows [][2]time.Time
	for _, r := range rows {
		expected, actual := r.Numbers()
		numbers, windows = append(numbers, [2]int64{expected, actual}), append(windows, [2]time.Time{r.WindowFrom, r.WindowTo})
	}
	assert.Equal(t, [][2]int64{{1, 0}, {0, 2}, {1, 0}}, numbers)
	assert.Equal(t, [][2]time.Time{{second(30), second(40)}, {second(20), second(80)}, {second(20), second(80)}}, windows)
	assert.Equal(t, events.Unknown, rows[2].Found.Answer)
}

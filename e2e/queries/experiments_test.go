//go:build e2e

package queries_test

import (
	"slices"
	"testing"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
	"github.com/k2-platform/faultline/spec"
)

// written is the trade table's snapshots of the first experiment.
type written struct{ before, during, after int64 }

// tell is the whole log: eleven experiments in three weeks, each with an end
// of its own kind.
func tell(t *testing.T, w written) recorded {
	t.Helper()
	log := recorded{}
	kafkaStops(t, log, w)
	injectionFails(t, log)
	triggerIsTrue(t, log)
	operatorAborts(t, log)
	booksStayOpen(t, log)
	triggerIsUnknown(t, log)
	recordsAreTouched(t, log)
	log.batch(t, events.Batch{Experiment: "denied-1", Version: 1, Cause: "denied-1-1", At: weekOf(3).Add(3 * time.Hour), Events: []events.Event{
		events.ExperimentDenied{By: "bob", Reasons: []string{"production is not named by the policy"}},
	}})
	rollbackIsStuck(t, log)
	return log
}

// kafkaStops three times: refuted, then upheld, faster and a little slower.
func kafkaStops(t *testing.T, log recorded, w written) {
	t.Helper()
	const title = "Kafka stops"
	one := begin(t, log, "kafka-1", weekOf(1), title, "process.stop", "kafka-1", spec.Loss{Fraction: 0.1})
	one.breaks(31)
	one.mends(61, 62.5, events.Planned, "")
	one.says(70, events.NoteAdded{Kind: events.Finding, Text: "slow leader election", By: "ada"})
	page := events.LedgerPage{
		Records: []events.LedgerRecord{
			{Class: "lost_acked", Offset: 12, Key: "BHP-13"}, {Class: "lost_acked", Offset: 14, Key: "BHP-15"}, {Class: "stored_n", Offset: 19, Key: "BHP-20"},
		},
		Letters: inParts(letter(3, 16, 1, "bad_tick", false), 2),
	}
	one.dies(72, page)
	pages := one.writes(75, page)
	one.says(75, events.BooksClosed{
		From: events.BookMark{Taken: 10, Snapshot: w.before}, During: w.during, To: events.BookMark{Taken: 24, Snapshot: w.after},
		Taken: 14, Stored: 11, DeadLettered: 1, LostAcked: 2, Lost: 2, LossFraction: 0.142857, StoredTwice: 1,
		Balanced: true, Examples: []string{"BHP-13", "BHP-15"},
		Ledger: &events.RecordLedger{
			Records: 14, Rows: 12, Letters: 1, Complete: true, Reasons: map[string]int64{"bad_tick": 1},
			Classes: map[string]int64{"stored_once": 10, "stored_n": 1, "dead_lettered": 1, "lost_acked": 2},
			Pages:   pages,
		},
		Checks: []events.IntegrityCheck{
			ran("key_unique", events.Violated, "0", "1", "BHP-20 stands 2 times", 0.5, 24, 900),
			ran("window_count", events.Violated, "12", "11", "trade 17 is not there", 1.25, 46, 4_000),
			ran("committed_offsets", events.Holds, "0", "0", "topic trades: the table is at 0:22, the topic ends at 0:22", 0.125, 3, 0),
		},
	})
	one.says(80, recovery(43.5, 12, worst(0.75, 0.2, 1.5, 33, 31.5)), concludes(events.Refuted, "lost_acked: 2", "stored twice: 1"))
	readings(t, log)
	for _, again := range []struct {
		week             int
		id               spec.ExperimentID
		injection, after float64
	}{{2, "kafka-2", 39.5, 8}, {3, "kafka-3", 41, 9.5}} {
		x := begin(t, log, again.id, weekOf(again.week), title, "process.stop", "kafka-1", spec.Loss{Fraction: 0.1})
		x.breaks(31)
		x.mends(61, 62.5, events.Planned, "")
		x.says(75, events.BooksClosed{
			Taken: 100, Stored: 98, DeadLettered: 2, Balanced: true,
			Checks: []events.IntegrityCheck{ran("key_unique", events.Holds, "0", "0", "198 rows have one key each", 0.75, 198, 7_200)},
		})
		x.says(80, recovery(again.injection, again.after, worst(0.9, 0.1, 1.25, 30, 29)), concludes(events.Upheld))
	}
}

// readings of the first experiment: ingestion falls under the fault, is silent
// for a while, and comes back.
func readings(t *testing.T, log recorded) {
	t.Helper()
	seq := uint64(0)
	at := func(second int) time.Time { return weekOf(1).Add(time.Duration(second) * time.Second) }
	tick := func(second int, gap *events.Gap, values map[string]float64) {
		seq++
		one := events.Tick{Experiment: "kafka-1", Seq: seq, At: at(second), Version: 3, Gap: gap}
		for _, metric := range []string{"ingestion_rate", "lag"} {
			if v, ok := values[metric]; ok {
				one.Readings = append(one.Readings, events.Reading{Metric: metric, Value: v, At: at(second)})
			}
		}
		log.tick(t, one)
	}
	for second := 10; second < 35; second += 5 {
		tick(second, nil, map[string]float64{"ingestion_rate": 100, "lag": 2})
	}
	tick(55, &events.Gap{From: at(36), To: at(54), Why: "kafka was away"}, map[string]float64{"ingestion_rate": 20})
	tick(60, nil, map[string]float64{"ingestion_rate": 30, "lag": 50})
	for second := 65; second < 80; second += 5 {
		tick(second, nil, map[string]float64{"ingestion_rate": 95, "lag": 5})
	}
}

func injectionFails(t *testing.T, log recorded) {
	t.Helper()
	x := begin(t, log, "failed-1", weekOf(1).Add(3*time.Hour), "Query is paused", "process.pause", "query", spec.Loss{})
	x.says(33, events.FaultInjectionFailed{Step: step, Why: "no process of that name"})
	x.says(34, concludes(events.Inconclusive, "the fault was not seen on query"))
}

func triggerIsTrue(t *testing.T, log recorded) {
	t.Helper()
	x := begin(t, log, "cpu-1", weekOf(2).Add(time.Hour), "Processor is full", "cpu.load", "query", spec.Loss{})
	x.breaks(32)
	x.says(45, events.RollbackTriggered{
		Rule: "response_time > 5.0", Answer: events.Holds, Values: map[string]float64{"response_time": 6.5}, ReadAt: x.at(44), Observed: 40,
	})
	x.mends(45, 46.5, events.Trigger, "response_time > 5.0")
	x.says(50, events.BooksClosed{Taken: 50, Stored: 50, Balanced: true})
	x.says(55, recovery(16, 1.5, worst(0.99, 0.02, 6.5, 3, 0.5)), concludes(events.Refuted, "rollback trigger: response_time > 5.0"))
}

func operatorAborts(t *testing.T, log recorded) {
	t.Helper()
	x := begin(t, log, "net-1", weekOf(2).Add(2*time.Hour), "Network is cut", "network.partition", "ingestion", spec.Loss{})
	x.breaks(31)
	x.mends(40, 42, events.Abort, "the wrong cluster")
	x.says(50, recovery(14, 3, events.UserImpact{}), events.Concluded{Aborted: true, Reasons: []string{"aborted: the wrong cluster"}})
}

// booksStayOpen: the table could not be read, and the target is not back.
func booksStayOpen(t *testing.T, log recorded) {
	t.Helper()
	x := begin(t, log, "meta-1", weekOf(2).Add(3*time.Hour), "Metadata are damaged", "iceberg.metadata", "trades", spec.Loss{})
	x.breaks(31)
	x.mends(61, 63, events.Planned, "")
	x.says(120, events.BooksClosed{Taken: 80, Stored: 30, Why: "the trade table could not be read"})
	x.says(130, events.RecoveryMeasured{Why: "the query service stayed unhealthy"},
		concludes(events.Inconclusive, "books: the trade table could not be read", "not recovered within 60s"))
}

func triggerIsUnknown(t *testing.T, log recorded) {
	t.Helper()
	x := begin(t, log, "cpu-2", weekOf(3).Add(time.Hour), "Processor is full", "cpu.load", "query", spec.Loss{})
	x.breaks(32)
	x.says(52, events.RollbackTriggered{Rule: "error_rate > 0.20", ReadAt: x.at(51.5), Observed: 47})
	x.mends(52, 54, events.Trigger, "error_rate > 0.20")
	x.says(60, events.BooksClosed{Taken: 40, Stored: 40, Balanced: true})
	x.says(65, recovery(30, 8, worst(0.98, 0.03, 4, 5, 1)), concludes(events.Inconclusive, "error_rate > 0.20 was unknown for longer than its grace"))
}

// recordsAreTouched on their way to the sink, which finds most of them.
func recordsAreTouched(t *testing.T, log recorded) {
	t.Helper()
	none := int64(0)
	x := begin(t, log, "corrupt-1", weekOf(3).Add(2*time.Hour), "Records are corrupted", "kafka.corrupt", "trades", spec.Loss{Fraction: 0.1, FalseRejects: &none})
	x.breaks(31)
	x.mends(61, 61.5, events.Planned, "")
	entry := func(seq uint64, what string, offset int64, after string) truth.Entry {
		return truth.Entry{
			Run: "proxy-1", Seq: seq, Experiment: "corrupt-1", Step: string(step), Receipt: "corrupt-1-receipt", Fault: "kafka.corrupt", What: what,
			Topic: "trades", Offset: offset, Way: "fetch", Client: "sink", Before: "aa", After: after, At: x.at(31 + float64(seq)),
		}
	}
	log.truth(t, truth.Fact{Entries: &truth.Entries{Experiment: "corrupt-1", Run: "proxy-1", Entries: []truth.Entry{
		entry(1, "bit_flip", 40, "bb"), entry(2, "bit_flip", 44, "cc"), entry(3, "price_value_swap", 47, "dd"), entry(4, "dropped", -1, ""),
	}}})
	pages := x.writes(75, events.LedgerPage{
		Records: []events.LedgerRecord{{Class: "corrupted_accepted", Offset: 47, Key: "BHP-47", Differ: []string{"price: sent 45, stored 46"}}},
		Letters: append(inParts(letter(4, 40, 2, "digest", false), 3),
			letter(5, 44, 2, "digest", false), letter(6, 50, 1, "decode", true), letter(7, 51, 0, "decode", false), letter(8, 52, 0, "decode", false)),
	})
	x.says(75, events.BooksClosed{
		Taken: 60, Stored: 54, DeadLettered: 5, Dropped: 1, Altered: 1, Changed: 4, Detected: 2, FalseRejects: 3, Balanced: true,
		Ledger: &events.RecordLedger{
			Records: 59, Rows: 55, Letters: 5, Complete: true, Reasons: map[string]int64{"decode": 3, "digest": 2},
			Classes: map[string]int64{"stored_once": 53, "corrupted_accepted": 1, "corrupted_rejected": 2, "dead_lettered": 2, "stored_and_dead_lettered": 1, "dropped_at_source": 1},
			Pages:   pages,
		},
	})
	x.says(80, recovery(35, 4.5, worst(1, 0, 0.5, 2, 0.25)), concludes(events.Refuted, "altered: 1", "false_rejects: 3"))
}

// letter is a dead letter of a record of the trades.
func letter(offset, of int64, schema int32, why string, resolved bool) events.DeadLetter {
	class := "dead_lettered"
	if resolved {
		class = "stored_and_dead_lettered"
	}
	return events.DeadLetter{
		Topic: "trades.dlq", Offset: offset, Part: 1, Parts: 1, SchemaID: schema, Reason: why, KeyBase64: "QkhQ", RawBase64: "AAAAAAE=",
		OriginalTopic: "trades", OriginalOffset: of, Class: class, Resolved: resolved,
	}
}

// inParts is a dead letter too long for one record of the log.
func inParts(l events.DeadLetter, n int) []events.DeadLetter {
	l.Parts = n
	parts := slices.Repeat([]events.DeadLetter{l}, n)
	for i := range parts {
		parts[i].Part = i + 1
	}
	return parts
}

// ran is an integrity check with what it cost.
func ran(check string, a events.Answer, expected, actual, evidence string, took float64, rows, bytes int64) events.IntegrityCheck {
	return events.IntegrityCheck{
		Check: check, Answer: a, Expected: expected, Actual: actual, Evidence: evidence,
		Cost: events.CheckCost{Duration: seconds(took), Rows: rows, Bytes: bytes},
	}
}

func rollbackIsStuck(t *testing.T, log recorded) {
	t.Helper()
	x := begin(t, log, "stuck-1", weekOf(3).Add(4*time.Hour), "Network is cut", "network.partition", "ingestion", spec.Loss{})
	x.breaks(31)
	x.says(61, events.RollbackRequested{Step: step, Cause: events.Planned})
	x.says(91, events.RollbackStuck{Step: step, Why: "no agent answers", Manual: "faultline ledger undo stuck-1-receipt"})
}

package projections

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/cloudevent"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func topics() Topics {
	return Topics{Events: "chaos.events", Readings: "chaos.readings", GroundTruth: "chaos.ground-truth", RecordLedger: "chaos.record-ledger"}
}

func start() time.Time { return time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC) }

// second is a moment of the story.
func second(n int) time.Time { return start().Add(time.Duration(n) * time.Second) }

func document() spec.Document {
	return spec.Document{
		Title: "Kafka stops", System: "k2", Environment: "test",
		Hypothesis: spec.Hypothesis{Claim: "trades keep flowing", Tolerates: &spec.Loss{Fraction: 0.1, Acked: 1}},
		Steps:      []spec.Step{{ID: "stop", Fault: spec.Fault{Kind: "process.stop", Target: "kafka-1"}}},
	}
}

func books() events.BooksClosed {
	return events.BooksClosed{
		From: events.BookMark{Taken: 5, Snapshot: 11}, During: 12, To: events.BookMark{Taken: 105, Snapshot: 13},
		Taken: 100, Stored: 92, DeadLettered: 3, Dropped: 1, LostAcked: 2, Lost: 4, LossFraction: 0.05,
		Balanced: true, Examples: []string{"BHP-7"},
	}
}

// story is the log of one experiment from document to verdict.
func story(id spec.ExperimentID) []events.Batch { return storyWith(id, books()) }

func storyWith(id spec.ExperimentID, closed events.BooksClosed) []events.Batch {
	fault := document().Steps[0].Fault
	fromInjection, fromRollback := spec.Duration(7*time.Second), spec.Duration(2500*time.Millisecond)
	availability := 0.75
	facts := [][]events.Event{
		{events.ExperimentScheduled{Document: document(), By: "ada"}},
		{events.BaselineStarted{}},
		{events.BaselineEstablished{Windows: 6}, events.FaultInjectionRequested{Step: "stop", Fault: fault}},
		{events.FaultInjected{Step: "stop", Receipt: "r-1", SeenAt: second(30)}},
		{events.RollbackRequested{Step: "stop", Cause: events.Planned}},
		{events.FaultRolledBack{Step: "stop", Cause: events.Planned, SeenAt: second(60)}},
		{events.NoteAdded{Kind: events.Finding, Text: "slow leader election", By: "ada"}},
		{closed},
		{
			events.RecoveryMeasured{
				Recovered: true, FromInjection: &fromInjection, FromRollback: &fromRollback,
				Impact: events.UserImpact{MinAvailability: &availability},
			},
			events.Concluded{Verdict: events.Refuted, Reasons: []string{"lost_acked: 2", "slow"}},
		},
	}
	out := make([]events.Batch, len(facts))
	for i, f := range facts {
		out[i] = events.Batch{Experiment: id, Version: uint64(i + 1), Cause: fmt.Sprintf("c%d", i+1), At: second(10 * (i + 1)), Events: f}
	}
	return out
}

func tick(seq uint64, readings ...events.Reading) events.Tick {
	return events.Tick{Experiment: "x", Seq: seq, At: second(int(seq)), Version: 4, Readings: readings}
}

func lagAt(n int) events.Reading {
	return events.Reading{Metric: "lag", Value: float64(n) / 2, At: second(n)}
}

// fakeLog is a log of one partition per topic that is written to while read.
type fakeLog struct {
	mu      sync.Mutex
	records map[string][]bus.Record
	grown   chan struct{}
	broken  error // what Read answers
	from    map[string]map[int32]int64
}

func newLog() *fakeLog {
	return &fakeLog{records: map[string][]bus.Record{}, grown: make(chan struct{}), from: map[string]map[int32]int64{}}
}

func (l *fakeLog) put(topic, key string, headers map[string]string, value []byte) Source {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := Source{Topic: topic, Partition: 0, Offset: int64(len(l.records[topic]))}
	l.records[topic] = append(l.records[topic], bus.Record{
		Topic: topic, Offset: at.Offset, Key: []byte(key), Headers: headers, Value: value,
	})
	close(l.grown)
	l.grown = make(chan struct{})
	return at
}

func (l *fakeLog) encoded(t *testing.T, topic string, e cloudevent.Event, err error) Source {
	t.Helper()
	require.NoError(t, err)
	return l.put(topic, e.Subject, e.Headers(), e.Data)
}

func (l *fakeLog) batches(t *testing.T, batches ...events.Batch) (last Source) {
	t.Helper()
	for _, b := range batches {
		e, err := events.EncodeBatch(b, "")
		last = l.encoded(t, topics().Events, e, err)
	}
	return last
}

func (l *fakeLog) ticks(t *testing.T, ticks ...events.Tick) (last Source) {
	t.Helper()
	for _, one := range ticks {
		e, err := events.EncodeTick(one)
		last = l.encoded(t, topics().Readings, e, err)
	}
	return last
}

func (l *fakeLog) Read(ctx context.Context, topic string, from map[int32]int64, each func([]bus.Record) error) error {
	next := from[0]
	l.mu.Lock()
	l.from[topic] = from
	l.mu.Unlock()
	for {
		l.mu.Lock()
		grown, broken := l.grown, l.broken
		var fresh []bus.Record
		if next < int64(len(l.records[topic])) {
			fresh = l.records[topic][next:len(l.records[topic]):len(l.records[topic])]
		}
		l.mu.Unlock()
		if broken != nil {
			return broken
		}
		if len(fresh) > 0 {
			if err := each(fresh); err != nil {
				return err
			}
			next += int64(len(fresh))
			continue
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *fakeLog) EndOffsets(_ context.Context, topic string) (map[int32]int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return map[int32]int64{0: int64(len(l.records[topic]))}, nil
}

// fakeTables keeps what a Follower hands on, and fails on demand.
type fakeTables struct {
	mu       sync.Mutex
	batches  []Batch
	rows     int
	most     int
	ticks    int
	level    map[int32]int64 // of the watermarks
	flushes  []time.Time
	written  map[string]map[int32]int64
	flushing bool
	fail     func(ctx context.Context) error
}

func (f *fakeTables) From(string) map[int32]int64    { return f.level }
func (f *fakeTables) StandsBy() bool                 { return false }
func (f *fakeTables) Reached(string) map[int32]int64 { return nil }

func (f *fakeTables) Level(_ context.Context, events map[int32]int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.level = events
	return nil
}

func (f *fakeTables) Batch(b Batch) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.batches = append(f.batches, b)
	f.rows++
	return nil
}

func (f *fakeTables) Tick(Tick) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ticks++
	f.rows++
	f.most = max(f.most, f.rows)
}

func (f *fakeTables) Truth(context.Context, Truth) error           { return nil }
func (f *fakeTables) LedgerPage(context.Context, LedgerPage) error { return nil }
func (f *fakeTables) ruling(context.Context, spec.ExperimentID) (ruling, error) {
	return ruling{}, nil
}

func (f *fakeTables) Buffered() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rows
}

func (f *fakeTables) Flush(ctx context.Context, next map[string]map[int32]int64) error {
	f.mu.Lock()
	if f.flushing {
		panic("two flushes at once")
	}
	f.flushing = true
	fail := f.fail
	f.mu.Unlock()
	var err error
	if fail != nil {
		err = fail(ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flushing = false
	f.flushes = append(f.flushes, time.Now())
	if err == nil {
		f.rows = 0
		f.written = map[string]map[int32]int64{topics().Events: maps.Clone(next[topics().Events]), topics().Readings: maps.Clone(next[topics().Readings])}
	}
	return err
}

package checkpoint

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/experiment/experimenttest"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/spec"
)

const topic = "chaos.events"

// fakeLog is a topic in memory.
type fakeLog struct {
	identity string
	start    map[int32]int64
	records  map[int32][]bus.Record // from start on
	order    []int32                // of partitions, as records came
}

func newLog(partitions int32) *fakeLog {
	l := &fakeLog{identity: "cluster/topic", start: map[int32]int64{}, records: map[int32][]bus.Record{}}
	for p := range partitions {
		l.start[p], l.records[p] = 0, nil
	}
	return l
}

func (l *fakeLog) put(p int32, key string, headers map[string]string, value []byte) {
	l.records[p] = append(l.records[p], bus.Record{
		Topic: topic, Partition: p, Offset: l.start[p] + int64(len(l.records[p])), Key: []byte(key), Headers: headers, Value: value,
	})
	l.order = append(l.order, p)
}

func (l *fakeLog) batch(t require.TestingT, p int32, b events.Batch) {
	e, err := events.EncodeBatch(b, "")
	require.NoError(t, err)
	l.put(p, e.Subject, e.Headers(), e.Data)
}

// until is the log when it had n records.
func (l *fakeLog) until(n int) *fakeLog {
	out := newLog(0)
	out.identity, out.start, out.order = l.identity, maps.Clone(l.start), l.order[:n]
	count := map[int32]int{}
	for _, p := range out.order {
		count[p]++
	}
	for p := range l.start {
		out.records[p] = l.records[p][:count[p]]
	}
	return out
}

func (l *fakeLog) Identity(context.Context, string) (string, error) { return l.identity, nil }

func (l *fakeLog) StartOffsets(context.Context, string) (map[int32]int64, error) { return l.start, nil }

func (l *fakeLog) EndOffsets(context.Context, string) (map[int32]int64, error) {
	out := map[int32]int64{}
	for p, records := range l.records {
		out[p] = l.start[p] + int64(len(records))
	}
	return out, nil
}

func (l *fakeLog) ReadTo(_ context.Context, _ string, from, to map[int32]int64, each func([]bus.Record) error) error {
	for p, end := range to {
		at, ok := from[p]
		if !ok {
			at = l.start[p]
		}
		if err := each(l.records[p][at-l.start[p] : end-l.start[p]]); err != nil {
			return err
		}
	}
	return nil
}

func (l *fakeLog) Read(ctx context.Context, _ string, _ map[int32]int64, _ func([]bus.Record) error) error {
	<-ctx.Done()
	return ctx.Err()
}

// fold applies all that the log holds after the place where into is.
func (l *fakeLog) fold(t require.TestingT, into *handlers.Log) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	require.ErrorIs(t, handlers.Fold(ctx, l, topic, into, slog.New(slog.DiscardHandler), stop), context.Canceled)
}

// keeper keeps the checkpoint of a log in a folder; said is what it logs.
func keeper(l Source, dir string) (k *Keeper, said *bytes.Buffer) {
	said = &bytes.Buffer{}
	return &Keeper{
		Path: filepath.Join(dir, "checkpoint"), Source: l, Topic: topic, Fold: "this", Log: slog.New(slog.NewTextHandler(said, nil)),
	}, said
}

func nothingElse(context.Context, map[int32]int64) error { return nil }

// save folds a log and keeps a checkpoint of it.
func save(t require.TestingT, l *fakeLog, dir string) *handlers.Log {
	k, said := keeper(l, dir)
	log := &handlers.Log{Lean: true}
	k.Resume(context.Background(), log)
	l.fold(t, log)
	require.NoError(t, k.Save(context.Background(), log, nothingElse))
	require.Empty(t, said.String())
	return log
}

// anyLog is what deciders that lag, commands that come twice and records of
// other hands make of a few experiments, some long ago, some just now.
func anyLog(t *rapid.T) *fakeLog {
	l := newLog(3)
	now := time.Now().UTC().Truncate(time.Second)
	states := map[spec.ExperimentID][]experiment.State{}
	for i := range rapid.IntRange(1, 100).Draw(t, "n") {
		id := spec.ExperimentID(rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "experiment"))
		partition := int32(id[0]-'a') % 2 // the third stays empty
		if rapid.IntRange(0, 20).Draw(t, "garbage") == 0 {
			l.put(partition, string(id), nil, []byte("no batch"))
			continue
		}
		known := states[id]
		if len(known) == 0 {
			known = []experiment.State{{}}
		}
		s := known[max(0, len(known)-1-rapid.SampledFrom([]int{0, 0, 0, 1, 3}).Draw(t, "lag"))]
		ago := rapid.SampledFrom([]time.Duration{24 * time.Hour, 20 * time.Minute, time.Minute, 0}).Draw(t, "ago")
		c := commands.Envelope{
			ID: fmt.Sprintf("%s/%d", id, rapid.IntRange(max(0, i-5), i).Draw(t, "id")), Experiment: id, At: now.Add(-ago), By: "alice@a",
			Command: experimenttest.Command(t, experimenttest.Document(t)),
		}
		out, err := experiment.Decide(s, c)
		require.NoError(t, err)
		if len(out) == 0 {
			continue
		}
		b := events.Batch{Experiment: id, Version: s.Version + 1, Cause: c.ID, At: c.At, Events: out}
		l.batch(t, partition, b)
		if last := known[len(known)-1]; experiment.Accepts(last, b) {
			states[id] = append(known, experiment.Evolve(last, b))
		}
	}
	return l
}

// short is a log of three experiments: over for long, just over, live.
func short(tb testing.TB) *fakeLog {
	tb.Helper()
	l := newLog(2)
	for i, id := range []spec.ExperimentID{"old", "new", "live"} {
		at := time.Now().UTC().Add(-time.Duration(i) * time.Second)
		if id == "old" {
			at = time.Unix(0, 0).UTC()
		}
		doc := spec.Document{Title: "t", Environment: "test", Steps: []spec.Step{{ID: "s", Fault: spec.Fault{Kind: "none", Target: "kafka"}}}}
		l.batch(tb, int32(i%2), events.Batch{Experiment: id, Version: 1, Cause: "1", At: at, Events: []events.Event{events.ExperimentScheduled{Document: doc, By: "a"}}})
		if id != "live" {
			l.batch(tb, int32(i%2), events.Batch{Experiment: id, Version: 2, Cause: "2", At: at, Events: []events.Event{events.Concluded{Verdict: events.Upheld}}})
		}
	}
	return l
}

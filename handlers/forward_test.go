package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus/origin"
	"github.com/k2-platform/faultline/internal/bus/poison"
	"github.com/k2-platform/faultline/internal/cloudevent"
	"github.com/k2-platform/faultline/spec"
)

// store is an outbox that gives an entry out anew when it hears nothing of it
// for fifteen seconds, as NATS does.
type store struct {
	mu      sync.Mutex
	entries []halt.Entry
	heard   map[uint64]time.Time
	done    map[uint64]int
	kept    int
	takes   int
	cut     chan struct{} // ends a Take
	mute    bool          // hears no Done
}

func newStore() *store {
	return &store{heard: map[uint64]time.Time{}, done: map[uint64]int{}, cut: make(chan struct{})}
}

func (s *store) put(_ context.Context, _, key string, headers map[string]string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries = append(s.entries, halt.Entry{Seq: uint64(len(s.entries) + 1), Key: key, Headers: headers, Data: data})
	return nil
}

func (s *store) take(ctx context.Context, each func(halt.Entry)) error {
	s.mu.Lock()
	s.takes++
	clear(s.heard)
	s.mu.Unlock()
	for {
		for _, e := range s.due() {
			each(e)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.cut:
			return errors.New("cut off")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *store) due() []halt.Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []halt.Entry
	for _, e := range s.entries {
		if heard, out := s.heard[e.Seq]; s.done[e.Seq] > 0 || out && time.Since(heard) < 15*time.Second {
			continue
		}
		s.heard[e.Seq] = time.Now()
		out = append(out, e.With(func() error { return s.finish(e.Seq) }, func() error { return s.keep(e.Seq) }))
	}
	return out
}

func (s *store) finish(seq uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mute {
		return errors.New("nobody hears")
	}
	s.done[seq]++
	return nil
}

func (s *store) keep(seq uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept++
	s.heard[seq] = time.Now()
	return nil
}

func (s *store) left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.entries) - len(s.done)
}

// broker takes records, unless it is away or will never take them.
type broker struct {
	mu      sync.Mutex
	away    bool
	never   string // an id
	records []*message.Message
}

func (b *broker) Publish(_ string, messages ...*message.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.away:
		return errors.New("away")
	case b.never != "" && messages[0].UUID == b.never:
		return poison.New(errors.New("too large"))
	}
	b.records = append(b.records, messages...)
	return nil
}

func (b *broker) Close() error { return nil }

func (b *broker) set(away bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = away
}

func (b *broker) ids() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, m := range b.records {
		out = append(out, m.UUID)
	}
	return out
}

// relay is one life of a forwarder.
type relay struct {
	store  *store
	broker *broker
	way    message.Publisher // to the broker
	ahead  *handlers.Ahead
	said   strings.Builder
	stop   func()
}

func (r *relay) start(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	f := &handlers.Forwarder{
		Take: r.store.take, Publisher: r.way, Topic: "chaos.commands", Ahead: r.ahead, Log: slog.New(slog.NewTextHandler(&r.said, nil)),
	}
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	r.stop = sync.OnceFunc(func() { stop(); assert.NoError(t, <-done) })
	t.Cleanup(r.stop)
}

func newRelay() *relay {
	b := &broker{}
	return &relay{store: newStore(), broker: b, way: b, ahead: &handlers.Ahead{Log: &handlers.Log{}}}
}

func (r *relay) keep(t *testing.T, id string) {
	t.Helper()
	require.NoError(t, handlers.Keeper{Put: r.store.put}.Keep(t.Context(), note(id)))
}

func note(id string) commands.Envelope {
	return commands.Envelope{ID: id, Experiment: "x", At: time.Now(), By: "b", Command: commands.Note{Kind: events.Finding, Text: id}}
}

func numbers(from, to int) []string {
	var out []string
	for i := from; i <= to; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

func (r *relay) wait(d time.Duration) { time.Sleep(d); synctest.Wait() }

func TestKafkaAwayDelaysAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay()
		r.start(t)
		r.keep(t, "1")
		r.wait(time.Second)
		assert.Equal(t, numbers(1, 1), r.broker.ids())
		r.broker.set(true)
		for _, id := range numbers(2, 50) {
			r.keep(t, id)
			r.wait(time.Second)
		}
		r.wait(time.Hour)
		assert.Equal(t, numbers(1, 1), r.broker.ids())
		assert.Greater(t, r.store.kept, 49*500, "the outbox hears of each that waits")
		r.broker.set(false)
		r.wait(5 * time.Second)
		assert.Equal(t, numbers(1, 50), r.broker.ids(), "in order, and each once")
		assert.Zero(t, r.store.left())
		r.wait(time.Minute)
		for seq, times := range r.store.done {
			assert.Equal(t, 1, times, "entry %d", seq)
		}
		msg := r.broker.records[7]
		assert.Equal(t, "x", origin.Key(msg))
		assert.Equal(t, r.store.entries[7].Headers[cloudevent.HeaderTime], msg.Metadata.Get(cloudevent.HeaderTime))
		assert.Equal(t, r.store.entries[7].Data, []byte(msg.Payload))
	})
}

func TestWhatALifeLeftIsCarriedByTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay()
		r.broker.set(true)
		r.start(t)
		for _, id := range numbers(1, 5) {
			r.keep(t, id)
		}
		r.wait(time.Minute)
		r.stop()
		r.broker.set(false)
		r.keep(t, "6")
		r.start(t)
		r.wait(time.Second)
		assert.Equal(t, numbers(1, 6), r.broker.ids())
	})
}

// A Done that nobody hears makes an entry come again. It is not carried again.
func TestWhatComesAgainIsCarriedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay()
		r.store.mute = true
		r.start(t)
		r.keep(t, "1")
		r.wait(20 * time.Second)
		r.store.mu.Lock()
		r.store.mute = false
		r.store.mu.Unlock()
		r.wait(20 * time.Second)
		assert.Zero(t, r.store.left())
		assert.Equal(t, numbers(1, 1), r.broker.ids())
	})
}

func TestAnOutboxThatWasCutOffIsTakenUpAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay()
		r.broker.set(true)
		r.start(t)
		r.keep(t, "1")
		r.wait(time.Second)
		for range 3 {
			r.store.cut <- struct{}{}
			r.wait(5 * time.Second)
		}
		assert.Equal(t, 4, r.store.takes)
		r.broker.set(false)
		r.keep(t, "2")
		r.wait(5 * time.Second)
		assert.Equal(t, numbers(1, 2), r.broker.ids(), "what came again took its own place")
	})
}

// What is no command goes on as it is: who decides gives it up to the dead
// letters. What Kafka will never take is told of in full.
func TestNothingHoldsUpTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay()
		r.broker.never = "2"
		r.start(t)
		r.keep(t, "1")
		r.keep(t, "2")
		wrong := maps.Clone(r.store.entries[0].Headers)
		wrong[cloudevent.HeaderID], wrong[cloudevent.HeaderType] = "3", "what"
		require.NoError(t, r.store.put(t.Context(), "3", "x", wrong, []byte("{")))
		r.keep(t, "4")
		r.wait(5 * time.Second)
		assert.Equal(t, []string{"1", "3", "4"}, r.broker.ids())
		assert.Zero(t, r.store.left())
		r.stop()
		assert.Contains(t, r.said.String(), `\"text\":\"2\"`, "no byte of it is lost")
	})
}

// Ahead hears of what arrives although Kafka takes nothing.
func TestAheadHearsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &topic{logs: []*handlers.Log{{}}}
		d := handlers.Decider{Log: p.logs[0], Appender: p}
		require.NoError(t, d.Decide(t.Context(), commands.Envelope{
			ID: "0", Experiment: "x", Command: commands.Schedule{Document: spec.Document{Steps: []spec.Step{{ID: "s"}}}},
		}))
		r := newRelay()
		r.ahead = &handlers.Ahead{Log: p.logs[0]}
		r.broker.set(true)
		r.start(t)
		require.NoError(t, handlers.Keeper{Put: r.store.put}.Keep(t.Context(), commands.Envelope{ID: "1", Experiment: "x", Command: commands.Abort{}}))
		r.wait(2 * time.Second)
		s, foreseen := r.ahead.Foresee("x")
		assert.Equal(t, experiment.Aborted, s.Phase)
		assert.Equal(t, []string{"1"}, foreseen)
	})
}

// gate holds records of one key up.
type gate struct {
	message.Publisher
	key  string
	open chan struct{}
}

func (g gate) Publish(topic string, msgs ...*message.Message) error {
	if origin.Key(msgs[0]) == g.key {
		<-g.open
	}
	return g.Publisher.Publish(topic, msgs...)
}

func TestNoExperimentWaitsForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRelay()
		held := gate{r.way, "slow", make(chan struct{})}
		r.way = held
		r.start(t)
		for _, id := range []string{"s1", "1", "s2", "2", "3"} {
			e := note(id)
			if strings.HasPrefix(id, "s") {
				e.Experiment = "slow"
			}
			require.NoError(t, handlers.Keeper{Put: r.store.put}.Keep(t.Context(), e))
		}
		r.wait(time.Second)
		assert.Equal(t, numbers(1, 3), r.broker.ids())
		close(held.open)
		r.wait(time.Second)
		assert.Equal(t, []string{"1", "2", "3", "s1", "s2"}, r.broker.ids(), "those of one experiment in their order")
		assert.Zero(t, r.store.left())
	})
}

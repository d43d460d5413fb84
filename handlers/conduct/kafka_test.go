package conduct_test

import (
	"context"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus/origin"
	"github.com/k2-platform/faultline/internal/cloudevent"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/spec"
)

// outbox stays when lives end, and stores an id once.
type outbox struct {
	mu      sync.Mutex
	ids     map[string]bool
	entries []halt.Entry
	done    map[uint64]bool
	changed chan struct{}
}

func (o *outbox) put(_ context.Context, id, key string, headers map[string]string, data []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ids[id] {
		return nil
	}
	o.ids[id] = true
	o.entries = append(o.entries, halt.Entry{Seq: uint64(len(o.entries) + 1), Key: key, Headers: headers, Data: data})
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
	return nil
}

func (o *outbox) take(ctx context.Context, each func(halt.Entry)) error {
	for next := 0; ; next++ {
		e, more := o.at(next)
		if more != nil {
			select {
			case <-more:
				next--
				continue
			case <-ctx.Done():
				return nil
			}
		}
		if e.Seq > 0 {
			each(e)
		}
	}
}

// at is an entry that is not done with, or tells when there is a next one.
func (o *outbox) at(i int) (halt.Entry, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i == len(o.entries) {
		if o.changed == nil {
			o.changed = make(chan struct{})
		}
		return halt.Entry{}, o.changed
	}
	e := o.entries[i]
	if o.done[e.Seq] {
		return halt.Entry{}, nil
	}
	return e.With(func() error { return o.finish(e.Seq) }, func() error { return nil }), nil
}

func (o *outbox) finish(seq uint64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.done[seq] = true
	return nil
}

func (s *stage) forwarder() *handlers.Forwarder {
	return &handlers.Forwarder{Take: s.outbox.take, Publisher: kafka{s}, Topic: "chaos.commands", Ahead: s.config.Ahead, Log: s.config.Problems}
}

// kafka takes commands, and has them decided at once.
type kafka struct{ *stage }

func (k kafka) Publish(_ string, messages ...*message.Message) error {
	for _, msg := range messages {
		event, err := cloudevent.FromHeaders(msg.Metadata, msg.Payload)
		if err != nil {
			return err
		}
		e, err := commands.Decode(origin.Key(msg), event)
		if err != nil {
			return err
		}
		k.mu.Lock()
		away := k.deaf
		if !away && e.By == "conductor" {
			k.sent = append(k.sent, e)
		}
		dead := !away && k.swallow[e.ID] > 0
		if dead {
			k.swallow[e.ID]--
		}
		k.mu.Unlock()
		switch {
		case away:
			return isAway()
		case dead:
			continue
		}
		if err := k.decide.Decide(context.Background(), e); err != nil {
			return err
		}
	}
	return nil
}

func (kafka) Close() error { return nil }

// undoing is what the agents were told past Kafka.
type undoing struct {
	id  spec.ExperimentID
	why string
	at  time.Time
}

func (s *stage) undo(id spec.ExperimentID, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, undoing{id, why, time.Now()})
}

// agent does within a second as is asked, or as it is told, and reports to the
// outbox.
func (s *stage) agent(ctx context.Context) {
	for pause.For(ctx, 100*time.Millisecond) {
		x := s.config.Ahead.State(led)
		s.mu.Lock()
		told := len(s.told) > 0
		s.mu.Unlock()
		for _, id := range x.Requests() {
			pause.For(ctx, 200*time.Millisecond)
			s.report("agent/in/"+string(id), commands.ReportInjected{Step: id, SeenAt: s.agents()})
		}
		for _, id := range x.Undoings() {
			pause.For(ctx, 200*time.Millisecond)
			s.report("agent/out/"+string(id), commands.ReportRolledBack{Step: id, Cause: events.Planned, SeenAt: s.agents()})
		}
		for _, st := range x.Steps {
			if told && st.Phase == experiment.Present {
				s.report("agent/out/"+string(st.ID), commands.ReportRolledBack{Step: st.ID, Cause: events.Trigger, SeenAt: s.agents()})
			}
		}
	}
}

func (s *stage) report(id string, c commands.Command) {
	k := handlers.Keeper{Put: func(ctx context.Context, _, key string, headers map[string]string, data []byte) error {
		return s.outbox.put(ctx, id, key, headers, data)
	}}
	assert.NoError(s.t, k.Keep(context.Background(), commands.Envelope{ID: id, Experiment: led, At: time.Now(), By: "agent", Command: c}))
}

// lose drops all that is in the outbox, as a lost disk does.
func (o *outbox) lose() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range o.entries {
		o.done[e.Seq] = true
	}
	clear(o.ids)
}

package chaostest_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/chaostest"
	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/spec"
)

// pipeline decides as the real one does, in memory, and answers each request as
// a world would in which all goes well. What a test replaces goes otherwise.
type pipeline struct {
	t   *testing.T
	log handlers.Log
	// ticks are what a watcher gets, one after the other.
	ticks chan []events.Reading

	mu    sync.Mutex
	sent  []commands.Envelope
	did   []string // what agents did, in order
	world world
}

// world is what happens next in a state; nil changes nothing.
type world func(experiment.State) commands.Command

func (p *pipeline) Send(_ context.Context, e commands.Envelope) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, e)
	for n := 0; e.Command != nil; n++ {
		s := p.log.State(e.Experiment)
		decided, err := experiment.Decide(s, e)
		require.NoError(p.t, err)
		if len(decided) > 0 {
			require.True(p.t, p.log.Apply(events.Batch{Experiment: e.Experiment, Version: s.Version + 1, Cause: e.ID, At: e.At, Events: decided}, handlers.Place{Offset: int64(s.Version)}))
		}
		next := p.world(p.log.State(e.Experiment))
		if next == nil {
			next = well(p.log.State(e.Experiment))
		}
		if _, ok := next.(commands.ReportInjected); ok {
			p.did = append(p.did, "inject "+p.what(e.Experiment))
		}
		if _, ok := next.(commands.ReportRolledBack); ok {
			p.did = append(p.did, "undo "+p.what(e.Experiment))
		}
		e.ID, e.Command = fmt.Sprintf("%s/%d", e.ID, n), next
	}
	return nil
}

func (p *pipeline) what(id spec.ExperimentID) string {
	return string(p.log.State(id).Document.Steps[0].Fault.Target)
}

func (p *pipeline) State(id spec.ExperimentID) experiment.State { return p.log.State(id) }

func (p *pipeline) Await(ctx context.Context, id spec.ExperimentID, ok func(experiment.State) bool) (experiment.State, error) {
	return p.log.Await(ctx, id, ok)
}

func (p *pipeline) Watch(ctx context.Context, id spec.ExperimentID, each func(events.Tick)) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case readings := <-p.ticks:
			each(events.Tick{Experiment: id, Readings: readings})
		}
	}
}

func (p *pipeline) Close() error { return nil }

func (p *pipeline) commands(typ string) (out []commands.Envelope) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.sent {
		if commands.TypeOf(e.Command) == typ {
			out = append(out, e)
		}
	}
	return out
}

// well goes on as it should.
func well(s experiment.State) commands.Command {
	if s.Phase == experiment.Absent || s.Phase.Over() {
		return nil
	}
	st := s.Steps[0]
	switch {
	case s.Phase == experiment.Scheduled:
		return commands.BeginBaseline{}
	case s.Phase == experiment.Baselining:
		return commands.CompleteBaseline{Windows: 1}
	case st.Phase == experiment.Requested:
		return commands.ReportInjected{Step: st.ID, Receipt: "r", SeenAt: time.Now()}
	case st.Phase == experiment.Undoing:
		return commands.ReportRolledBack{Step: st.ID, Cause: events.Planned, SeenAt: time.Now()}
	case s.Phase == experiment.Recovering:
		took := spec.Duration(time.Second)
		return commands.ReportRecovery{RecoveryMeasured: events.RecoveryMeasured{Recovered: true, FromInjection: &took, FromRollback: &took}}
	}
	return nil
}

// spy is a test that may fail.
type spy struct {
	cleanups []func()
	errors   []string
}

// fatal ends a spy's test as runtime.Goexit would.
type fatal struct{}

func (s *spy) Helper()                   {}
func (s *spy) Name() string              { return "Spy" }
func (s *spy) Cleanup(f func())          { s.cleanups = append(s.cleanups, f) }
func (s *spy) Logf(string, ...any)       {}
func (s *spy) Errorf(f string, a ...any) { s.errors = append(s.errors, fmt.Sprintf(f, a...)) }
func (s *spy) Fatalf(f string, a ...any) { s.Errorf(f, a...); panic(fatal{}) }

// run runs a test as the testing package does: cleanups last in, first out.
func (s *spy) run(test func()) {
	defer func() {
		for _, cleanup := range slices.Backward(s.cleanups) {
			cleanup()
		}
	}()
	defer func() {
		if r := recover(); r != nil && r != (fatal{}) {
			panic(r)
		}
	}()
	test()
}

func platform() *spec.Platform {
	process := spec.Target{Process: &spec.Process{Record: "x"}}
	return &spec.Platform{
		Version: "v1", Name: "p", Environment: "test",
		Targets: map[spec.TargetName]spec.Target{
			"kafka": process, "ingestion": process, "store": process,
			"wire":        {Link: &spec.Link{Name: "w", From: "ingestion", To: "store"}},
			"table":       {Table: &spec.Table{Name: "t"}},
			"kafka-proxy": {KafkaProxy: &spec.KafkaProxy{}},
		},
		Services: map[string]spec.Health{"kafka": {}},
		Metrics:  map[string]spec.Metric{"error_rate": {}, "ingestion_rate": {}, "response_time": {}},
		Books:    map[string]spec.Books{"trades": {Topic: "trades"}},
	}
}

func start(t *testing.T, w world) (*spy, *pipeline, chaostest.Config) {
	t.Helper()
	if w == nil {
		w = func(experiment.State) commands.Command { return nil }
	}
	p := &pipeline{t: t, world: w, ticks: make(chan []events.Reading)}
	return &spy{}, p, chaostest.Config{Pipeline: p, Platform: platform()}
}

// mute takes commands and does nothing with them.
type mute struct{ *pipeline }

func (m mute) Send(_ context.Context, e commands.Envelope) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent = append(m.sent, e)
	return nil
}

func (m mute) last() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return commands.TypeOf(m.sent[len(m.sent)-1].Command)
}

package conduct_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/bookkeeping"
	"github.com/k2-platform/faultline/handlers/conduct"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/wallclock"
	"github.com/k2-platform/faultline/spec"
)

const (
	led    = spec.ExperimentID("led")
	second = spec.Duration(time.Second)
)

func isAway() error { return errors.New("Kafka is away") }

// play is an experiment of half a minute that is upheld where all goes well.
func play() spec.Document {
	return spec.Document{
		Title: "t",
		Hypothesis: spec.Hypothesis{
			SteadyState: []spec.Rule{{Expr: "load < 10.0"}}, Maintains: []spec.Rule{{Expr: "availability >= 0.95"}},
			RecoversWithin: 30 * second, Tolerates: &spec.Loss{},
		},
		Impact:   &spec.Impact{Rule: "load > 2.0 * baseline.load"},
		Triggers: []spec.Rule{{Expr: "availability < 0.5"}},
		Steps:    []spec.Step{{ID: "s", Fault: spec.Fault{Kind: "none", Target: "x"}, For: 10 * second}},
		Baseline: spec.Baseline{Duration: 10 * second, Every: second}, Books: "trades",
	}
}

// stage is a conductor and all that it works with, in memory and on the time
// of a bubble: the log, a Kafka that can be away, an outbox that needs none, an
// agent, a clock and books.
type stage struct {
	t      *testing.T
	log    *handlers.Log
	config conduct.Config
	decide handlers.Decider
	outbox *outbox
	stop   func()

	mu      sync.Mutex
	wall    time.Duration       // by how much the conductor's wall clock is ahead
	skew    time.Duration       // and the agent's
	deaf    bool                // takes no commands
	blind   bool                // takes no ticks
	sent    []commands.Envelope // of the conductor, that Kafka took
	swallow map[string]int      // commands that become dead letters, and how often
	told    []undoing
	states  map[uint64]experiment.State // by version
	ticks   []events.Tick
	reading func(experiment.State) map[string]float64
	books   ledger
	truth   *events.GroundTruth
}

// direct is a log in memory: what is appended is applied at once.
type direct struct{ log *handlers.Log }

func (d direct) Append(_ context.Context, b events.Batch, _ string) error {
	d.log.Apply(b, handlers.Place{})
	return nil
}

func newStage(t *testing.T) *stage {
	t.Helper()
	log := &handlers.Log{}
	s := &stage{
		t: t, log: log, states: map[uint64]experiment.State{}, decide: handlers.Decider{Log: log, Appender: direct{log}},
		reading: usual, outbox: &outbox{ids: map[string]bool{}, done: map[uint64]bool{}},
	}
	log.Listen(func(a handlers.Accepted) { s.states[a.State.Version] = a.State })
	s.config = conduct.Config{
		Name: "conductor", Log: log, Problems: slog.New(slog.DiscardHandler),
		Platform: func() (spec.Platform, error) {
			return spec.Platform{Metrics: map[string]spec.Metric{"load": {}, "availability": {}}}, nil
		},
		Deny: func(spec.Document, spec.Platform) []string { return nil },
		Radius: func(context.Context, experiment.State, spec.Platform) (events.BlastRadiusDecided, error) {
			return events.BlastRadiusDecided{Allowed: true}, nil
		},
		Clock: ticking{s}, Keep: handlers.Keeper{Put: s.outbox.put}.Keep, Undo: s.undo, Record: s.record, Replay: s.replay,
		Books: func(spec.Platform, string, spec.ExperimentID) (conduct.Books, error) { return &s.books, nil },
		Truth: func(context.Context, experiment.State) (*events.GroundTruth, bookkeeping.Touched) {
			return s.truth, nil
		},
	}
	return s
}

// usual is a load that a fault doubles and more.
func usual(s experiment.State) map[string]float64 {
	v := map[string]float64{"load": 4, "availability": 1}
	if s.Phase == experiment.Injected {
		v["load"] = 9
	}
	return v
}

func (s *stage) record(_ context.Context, t events.Tick) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blind {
		return isAway()
	}
	s.ticks = append(s.ticks, t)
	return nil
}

func (s *stage) replay(context.Context, spec.ExperimentID) ([]events.Tick, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ticks), nil
}

// set sets the wall clocks, which were right before.
func (s *stage) set(wall, agents time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wall, s.skew = wall, agents
}

// agents is the time by the agent's clock.
func (s *stage) agents() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.skew)
}

// away takes Kafka away, wholly or in part, or brings it back.
func (s *stage) away(deaf, blind bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deaf, s.blind = deaf, blind
}

// order lists the commands that Kafka took, each where it came first.
func (s *stage) order() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, e := range s.sent {
		if !slices.Contains(out, e.ID) {
			out = append(out, e.ID)
		}
	}
	return out
}

// ask sends a command of somebody else's, who needs no Kafka for it.
func (s *stage) ask(id string, c commands.Command) {
	s.t.Helper()
	require.NoError(s.t, s.decide.Decide(context.Background(), commands.Envelope{ID: id, Experiment: led, At: time.Now(), By: "t", Command: c}))
}

// start is a life of the conductor, of who carries the outbox to Kafka, of the
// agent and of who notices what is live. It ends with end.
func (s *stage) start() {
	ctx, stop := context.WithCancel(context.Background())
	s.config.Ahead = &handlers.Ahead{Log: s.log}
	c := conduct.New(s.config)
	var life sync.WaitGroup
	life.Go(func() { _ = c.Run(ctx) })
	life.Go(func() { _ = s.forwarder().Run(ctx) })
	life.Go(func() { s.agent(ctx) })
	c.Notice(s.log.State(led))
	s.stop = sync.OnceFunc(func() { stop(); life.Wait() })
	s.t.Cleanup(s.stop)
}

func (s *stage) end() {
	s.stop()
	synctest.Wait() // a record on its way to Kafka gets there, whoever waits for it
}

// until waits for the experiment to be as ok wants it, for at most an hour.
func (s *stage) until(ok func(experiment.State) bool) experiment.State {
	s.t.Helper()
	ctx, done := context.WithTimeout(context.Background(), time.Hour)
	defer done()
	x, err := s.log.Await(ctx, led, ok)
	require.NoError(s.t, err, "the experiment is %s: %+v", x.Phase, x.Steps)
	return x
}

func in(p experiment.Phase) func(experiment.State) bool {
	return func(s experiment.State) bool { return s.Phase == p }
}

func over(s experiment.State) bool { return s.Phase.Over() }

// ticking is a clock of one beat a second, with readings from the stage.
type ticking struct{ *stage }

func (c ticking) Watch(ctx context.Context, w conduct.Watch, beat func(events.Tick)) error {
	clock := time.NewTicker(time.Second)
	defer clock.Stop()
	c.mu.Lock()
	life := wallclock.Begin(time.Now().Add(c.wall), w.NotBefore)
	c.mu.Unlock()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-clock.C:
		}
		now := life.Now()
		tick := events.Tick{Experiment: w.Experiment, At: now}
		c.mu.Lock()
		v := c.reading(c.config.Ahead.State(led))
		c.mu.Unlock()
		for _, m := range w.Metrics {
			if x, ok := v[m]; ok {
				tick.Readings = append(tick.Readings, events.Reading{Metric: m, Value: x, At: now})
			}
		}
		beat(tick)
	}
}

// ledger is an account that balances.
type ledger struct {
	hang   bool    // of Snapshot, until its context ends
	share  float64 // that is lost
	closed error   // why it cannot be opened
}

func (l *ledger) Open(context.Context) (*events.BookMark, error) {
	return &events.BookMark{Taken: 100}, l.closed
}

func (l *ledger) Snapshot(ctx context.Context) (int64, error) {
	if l.hang {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	return 7, nil
}

func (l *ledger) Close(ctx context.Context, from events.BookMark, during int64, _ time.Duration, _ func() bookkeeping.Touched) events.BooksClosed {
	if !pause.For(ctx, 3*time.Second) {
		return events.BooksClosed{Why: "cut short"}
	}
	return events.BooksClosed{From: from, During: during, Taken: 10, Stored: 10, LossFraction: l.share, Balanced: true}
}

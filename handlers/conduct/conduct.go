// Package conduct leads each live experiment: it takes or denies it, beats
// its clock, hands readings to its judge, keeps its books, and publishes what
// the judge says is due. What it does follows from the state of the log and
// the recorded ticks, so that a restart goes on where the last life ended.
package conduct

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/bookkeeping"
	"github.com/k2-platform/faultline/spec"
)

// Watch says which readings an experiment needs.
type Watch struct {
	Experiment spec.ExperimentID
	Platform   spec.Platform
	Document   spec.Document
	Metrics    []string
	// NotBefore is the last time of the experiment's record: no tick is of before
	// it, though the wall clock may have been set back since.
	NotBefore time.Time
	// Urgent says whether the readings since the last beat cannot wait for the
	// next one: then it comes at once. Nil: they can. It is called by whoever
	// calls beat.
	Urgent func(events.Tick) bool
}

// Clock beats once a second, and at once where that is urgent, until ctx ends,
// which is no error: beat gets the tick with the readings since the one before.
// It is called one at a time, and numbers the tick itself. Within one Watch the
// times of ticks and readings are of one clock that is never set.
type Clock interface {
	Watch(ctx context.Context, w Watch, beat func(events.Tick)) error
}

// Books account for records.
type Books interface {
	Open(ctx context.Context) (*events.BookMark, error)
	Snapshot(ctx context.Context) (int64, error)
	// Close never fails: what it could not read it says in Why. touched says,
	// once it is known, what faults did to records.
	Close(ctx context.Context, from events.BookMark, during int64, wait time.Duration, touched func() bookkeeping.Touched) events.BooksClosed
}

// Config is what a conductor needs. All fields must be set.
type Config struct {
	Name string // who sends
	Log  *handlers.Log
	// Ahead is the log as it will be: what experiments are led by while Kafka
	// is away.
	Ahead    *handlers.Ahead
	Problems *slog.Logger
	// Platform reads the description of what may be broken.
	Platform func() (spec.Platform, error)
	// Deny says why a document may not run on a platform; nothing lets it run.
	Deny func(spec.Document, spec.Platform) []string
	// Radius asks the policy whether an experiment may touch what it names.
	Radius func(context.Context, experiment.State, spec.Platform) (events.BlastRadiusDecided, error)
	Clock  Clock
	// Books opens the platform's account of that name for an experiment.
	Books func(spec.Platform, string, spec.ExperimentID) (Books, error)
	// Truth counts, until its context ends, what the log has of the records that
	// an experiment's faults touched, and which they are; nil where they touch
	// none.
	Truth func(context.Context, experiment.State) (*events.GroundTruth, bookkeeping.Touched)
	// Keep returns once the command is stored where Kafka is not needed for it,
	// and in its order; from there it is carried to Kafka.
	Keep func(context.Context, commands.Envelope) error
	// Undo tells the agents, past Kafka, to undo an experiment's faults. It
	// does not block.
	Undo func(id spec.ExperimentID, why string)
	// Record returns once the tick is stored. A poison error says that it never
	// will be.
	Record func(context.Context, events.Tick) error
	// Replay reads the ticks that were recorded for an experiment, in order.
	Replay func(context.Context, spec.ExperimentID) ([]events.Tick, error)
}

// Conductor leads every live experiment. Run it once.
type Conductor struct {
	Config
	mu    sync.Mutex
	ctx   context.Context //nolint:containedctx // the life of all experiments: that of Run
	led   map[spec.ExperimentID]bool
	early []experiment.State // noticed before Run
	wait  sync.WaitGroup
	gate  chan struct{} // held by whoever decides whether to begin
}

// New makes a conductor that leads nothing before Run.
func New(c Config) *Conductor {
	return &Conductor{Config: c, led: map[spec.ExperimentID]bool{}, gate: make(chan struct{}, 1)}
}

// Notice begins to lead an experiment that is not led yet. It does not block.
func (c *Conductor) Notice(s experiment.State) {
	if s.Phase == experiment.Absent || s.Phase.Over() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx == nil {
		c.early = append(c.early, s)
		return
	}
	c.begin(s.ID)
}

// begin is called under c.mu.
func (c *Conductor) begin(id spec.ExperimentID) {
	if c.led[id] || c.ctx.Err() != nil {
		return
	}
	c.led[id] = true
	c.wait.Go(func() {
		l := leader{Conductor: c, id: id}
		l.lead(c.ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.led, id)
	})
}

// Run leads until ctx ends.
func (c *Conductor) Run(ctx context.Context) error {
	c.mu.Lock()
	c.ctx = ctx
	for _, s := range c.early {
		c.begin(s.ID)
	}
	c.early = nil
	c.mu.Unlock()
	<-ctx.Done()
	c.wait.Wait()
	return nil
}

package conduct

import (
	"context"
	"errors"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers/judging"
	"github.com/k2-platform/faultline/internal/failpoint"
	"github.com/k2-platform/faultline/internal/wallclock"
	"github.com/k2-platform/faultline/spec"
)

// pulse is one life of an experiment's clock.
type pulse struct {
	*leader
	alive   context.Context //nolint:containedctx // ends with the clock
	stop    context.CancelFunc
	judge   *judging.Judge
	guard   *judging.Guard // of the ticks that find no room on the tape; nil while there is some
	tape    *tape
	seq     uint64      // of the last tick on the tape
	last    time.Time   // of the record that earlier lives left
	missing *events.Gap // since then; nil: nothing is
	promise promise
	settled bool
	undone  map[string]bool // triggers that the agents were told of
	failed  error
	told    bool // that an agent's clock is wrong
}

// beat replays what was recorded, then judges every tick until the experiment
// is over.
func (l *leader) beat(ctx context.Context, platform spec.Platform, j *judging.Judge) error {
	alive, stop := context.WithCancel(ctx)
	defer stop()
	p := &pulse{leader: l, alive: alive, stop: stop, judge: j, tape: newTape(ctx, l.Conductor), undone: map[string]bool{}}
	defer p.tape.close(l.ctx) // a lead that failed leaves its record all the same
	defer l.books.wait()
	err := p.resume(ctx)
	if errors.Is(err, errOtherwise) {
		p.breakOff(l.Log.State(l.id), events.Tick{At: wallclock.Begin(wallclock.Now(), p.last).Now()}, err)
		return p.failed
	}
	if err != nil {
		return err
	}
	err = l.Clock.Watch(alive, Watch{
		Experiment: l.id, Platform: platform, Document: l.Log.State(l.id).Document, Metrics: j.Metrics(),
		NotBefore: p.last, Urgent: p.urgent,
	}, p.tick)
	return errors.Join(err, p.failed)
}

// urgent says whether readings make a trigger fire. Where ticks are not recorded
// the next one shows it soon enough.
func (p *pulse) urgent(t events.Tick) bool {
	return p.knows() && p.guard == nil && p.judge.Urgent(p.Ahead.State(p.id), t)
}

// knows says whether what an earlier life left is in the log, or foreseen.
func (p *pulse) knows() bool {
	p.settled = p.settled || p.Ahead.Settled(p.id)
	return p.settled
}

func (p *pulse) tick(t events.Tick) {
	log := p.Log.State(p.id)
	if err := p.promise.check(log); err != nil {
		p.breakOff(log, t, err)
		return
	}
	if log.Phase.Over() {
		p.stop()
		return
	}
	p.out.repeat(log)
	if !p.knows() {
		return
	}
	s, foreseen := p.Ahead.Foresee(p.id)
	if s.Phase.Over() {
		return // nothing is left to judge, but the log has yet to say so
	}
	if err := p.promise.make(s, foreseen, t.At); err != nil {
		p.breakOff(log, t, err)
		return
	}
	if p.missing != nil {
		p.missing.To, t.Gap = t.At, p.missing
	}
	t.Seq, t.Version, t.Foreseen = p.seq+1, s.Version, foreseen
	if !p.tape.record(t) {
		p.unrecorded(s, t)
		return
	}
	p.missing, p.guard, p.seq = nil, nil, t.Seq
	for _, due := range p.judge.Tick(s, t) {
		p.act(due)
	}
	p.books.keep(p.alive, s, t.At)
	if off := p.judge.Clock(); off != "" && !p.told {
		p.told = true
		p.Problems.Warn(off+": when its faults came and went is judged by the ticks", "experiment", p.id)
	}
}

// unrecorded leaves a tick out of the judgement: the log is to hold whatever
// was judged. Its number stays free, and the next tick that finds room says
// what is missing. What ends a fault is looked for all the same.
func (p *pulse) unrecorded(s experiment.State, t events.Tick) {
	p.missing, t.Gap = gapAt(p.missing, t), nil
	if p.guard == nil {
		p.guard = p.judge.Aside()
	}
	for _, due := range p.guard.Tick(s, t) {
		p.act(due)
	}
}

// act has done what is due. A trigger is told to the agents before anybody
// else: Kafka, and the outbox, may take their time.
func (p *pulse) act(due judging.Due) {
	if c, ok := due.Command.(commands.Trigger); ok && !p.undone[due.ID] {
		p.undone[due.ID] = true
		failpoint.Reach(failpoint.Triggered)
		p.Undo(p.id, c.Rule)
	}
	p.out.put(commands.Envelope{ID: due.ID, Experiment: p.id, At: due.At, Command: due.Command})
}

// breakOff ends the clock of an experiment that was led by what never came to
// be. The record says from where on it counts for nothing, and an experiment
// that is not over is aborted.
func (p *pulse) breakOff(log experiment.State, t events.Tick, why error) {
	p.stop()
	gap := &events.Gap{From: p.promise.from, To: t.At, Why: why.Error()}
	if !p.tape.record(events.Tick{Experiment: p.id, Seq: p.seq + 1, At: t.At, Version: log.Version, Gap: gap}) {
		p.Problems.Warn("there is no room to record a gap", "experiment", p.id, "from", gap.From, "to", gap.To)
	}
	if !log.Phase.Over() {
		p.failed = why
		return
	}
	p.Problems.Warn("an experiment is over that was led by what never came to be", "experiment", p.id, "error", why)
}

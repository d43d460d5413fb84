package conduct

import (
	"context"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
)

// settleWithin bounds the wait for what an earlier life foresaw: its commands
// are kept, and come to the log as soon as somebody carries them there.
const settleWithin = 15 * time.Second

// resume brings the judge to where the last one was: each recorded tick is
// judged on the state that it names, as it was when it was live. From there on
// something is missing. Ticks are recorded only once the baseline has begun, so
// that who began it need not read those of every other experiment.
func (p *pulse) resume(ctx context.Context) error {
	p.last = p.Log.State(p.id).Began
	if p.fresh {
		return nil
	}
	ticks, err := p.Replay(ctx, p.id)
	if err != nil {
		return fmt.Errorf("reading back the ticks of experiment %s: %w", p.id, err)
	}
	for _, t := range ticks {
		if t.Seq <= p.seq {
			continue // of two lives that overlapped, the first counts
		}
		p.seq = t.Seq
		if t.At.After(p.last) {
			p.last = t.At
		}
		s, err := p.judgedOn(ctx, t)
		if err != nil {
			return err
		}
		p.judge.Tick(s, t)
	}
	p.missing = &events.Gap{From: p.last, Why: "the pipeline was restarted"}
	return nil
}

// judgedOn is the state that a recorded tick names, once the log has it.
func (p *pulse) judgedOn(ctx context.Context, t events.Tick) (experiment.State, error) {
	within, done := context.WithTimeout(ctx, settleWithin)
	defer done()
	log, err := p.Log.Await(within, p.id, func(s experiment.State) bool { return s.Version >= t.Version })
	if ctx.Err() != nil {
		return log, ctx.Err()
	}
	if err == nil {
		err = p.promise.keep(log, t)
	} else {
		err = p.promise.broken(promised{version: t.Version, command: "a command that was foreseen", at: t.At}, "did not come")
	}
	return p.Log.StateAt(p.id, t.Version), err
}

// gapAt goes on with a gap, or begins one at a tick that found no room.
func gapAt(open *events.Gap, t events.Tick) *events.Gap {
	if open != nil {
		return open
	}
	return &events.Gap{From: t.At, Why: "Kafka took no readings for too long"}
}

package conduct

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers/judging"
	"github.com/k2-platform/faultline/spec"
)

// leader leads one experiment.
type leader struct {
	*Conductor
	id    spec.ExperimentID
	out   *outbox
	books *bookkeeper // nil where no records are counted
	fresh bool        // led from its schedule on: no tick of it was recorded
}

// lead goes on until the experiment is over or ctx ends.
func (l *leader) lead(ctx context.Context) {
	work, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	l.out = newOutbox(ctx, l.Conductor, fail)
	defer l.out.close()
	s := l.Log.State(l.id)
	platform, j, err := l.prepare(s)
	if err == nil && s.Phase == experiment.Scheduled {
		l.fresh = true
		err = l.begin(work, platform)
	}
	if err == nil && work.Err() == nil && !l.Log.State(l.id).Phase.Over() {
		err = l.beat(work, platform, j)
	}
	if work.Err() != nil {
		err = context.Cause(work)
	}
	if err != nil && ctx.Err() == nil {
		l.giveUp(ctx, err)
	}
}

// prepare reads the platform and makes the judge. Before the baseline it also
// asks whether the document may run at all.
func (l *leader) prepare(s experiment.State) (spec.Platform, *judging.Judge, error) {
	platform, err := l.Platform()
	if err != nil {
		return platform, nil, fmt.Errorf("reading the platform: %w", err)
	}
	if s.Phase == experiment.Scheduled {
		if why := l.Deny(s.Document, platform); len(why) > 0 {
			return platform, nil, errors.New(strings.Join(why, "; "))
		}
	}
	j, err := judging.New(s.Document, platform)
	if err == nil && s.Document.Books != "" {
		l.books, err = openBooks(l, platform, s.Document.Books)
	}
	return platform, j, err
}

// giveUp denies what has not begun and aborts what has, and waits until the
// log shows it, so that the experiment is not taken up again meanwhile.
func (l *leader) giveUp(ctx context.Context, why error) {
	l.Problems.Warn("an experiment cannot be led", "experiment", l.id, "error", why)
	e := commands.Envelope{ID: string(l.id) + "/denied", Experiment: l.id, Command: commands.Deny{Reasons: []string{why.Error()}}}
	if l.Log.State(l.id).Phase != experiment.Scheduled {
		e.ID, e.Command = string(l.id)+"/not-led", commands.Abort{Reason: "it cannot be judged: " + why.Error()}
	}
	l.out.deliver(ctx, e)
	l.await(ctx, experiment.Phase.Over)
}

// await returns once the phase is one that ok names, or ctx ends.
func (l *leader) await(ctx context.Context, ok func(experiment.Phase) bool) {
	_, _ = l.Log.Await(ctx, l.id, func(s experiment.State) bool { return ok(s.Phase) })
}

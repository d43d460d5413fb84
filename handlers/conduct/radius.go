package conduct

import (
	"context"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

// begin asks the policy, opens the books and starts the baseline. Where the
// policy asks for a second person it waits for them and then asks it again: an
// approval of this morning does not open what is closed by now.
func (l *leader) begin(ctx context.Context, platform spec.Platform) error {
	for {
		waits, err := l.tryToBegin(ctx, platform)
		if err != nil || !waits {
			return err
		}
		s, err := l.Log.Await(ctx, l.id, func(s experiment.State) bool { return s.Phase != experiment.Scheduled || s.Approved != nil })
		if err != nil || s.Phase != experiment.Scheduled {
			return err
		}
	}
}

// tryToBegin holds the gate from the look at what is live until its own begin
// stands in the log, so that two experiments never both find the last place
// free.
func (l *leader) tryToBegin(ctx context.Context, platform spec.Platform) (waits bool, err error) {
	select {
	case l.gate <- struct{}{}:
		defer func() { <-l.gate }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	s := l.Log.State(l.id)
	d, err := l.Radius(ctx, s, platform)
	switch {
	case err != nil:
		return false, err
	case d.Allowed:
		return false, l.beginBaseline(ctx, d)
	case d.NeedsApproval && s.Approved == nil:
		l.out.deliver(ctx, commands.Envelope{
			ID: string(l.id) + "/approval-requested", Experiment: l.id, Command: commands.RequestApproval{Decision: d},
		})
		_, err := l.Log.Await(ctx, l.id, func(s experiment.State) bool { return s.Phase != experiment.Scheduled || s.ApprovalAsked })
		return true, err
	}
	l.out.deliver(ctx, commands.Envelope{
		ID: string(l.id) + "/denied", Experiment: l.id, Command: commands.Deny{Reasons: d.Reasons, Decision: &d},
	})
	l.await(ctx, experiment.Phase.Over)
	return false, nil
}

// beginBaseline opens the books and starts the baseline.
func (l *leader) beginBaseline(ctx context.Context, d events.BlastRadiusDecided) error {
	mark, err := l.books.open(ctx)
	if err != nil {
		return err
	}
	l.out.deliver(ctx, commands.Envelope{
		ID: string(l.id) + "/baseline-begun", Experiment: l.id, Command: commands.BeginBaseline{Books: mark, Decision: &d},
	})
	l.await(ctx, func(p experiment.Phase) bool { return p != experiment.Scheduled })
	return nil
}

package main

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/conduct"
	"github.com/k2-platform/faultline/handlers/dispatch"
)

// tenure is the time in which this controller owns the experiments: it leads
// them, asks the agents and carries their reports to Kafka. Other controllers
// wait meanwhile.
type tenure struct {
	forwarder  *handlers.Forwarder
	dispatcher *dispatch.Dispatcher
	conductor  *conduct.Conductor
}

// tenures knows the present tenure, where there is one. The zero value has
// none.
type tenures struct{ now atomic.Pointer[tenure] }

// notice hands on what the log accepted. It does not block.
func (t *tenures) notice(a handlers.Accepted) {
	if now := t.now.Load(); now != nil {
		now.conductor.Notice(a.State)
		now.dispatcher.Notice()
	}
}

// lead leads what is live, and whatever comes, until ctx ends.
func (t *tenures) lead(ctx context.Context, next tenure, live func() []experiment.State) error {
	t.now.Store(&next)
	defer t.now.Store(nil)
	for _, s := range live() {
		next.conductor.Notice(s)
	}
	roles, ctx := errgroup.WithContext(ctx)
	// What waits in the outbox is foreseen before anybody acts on it.
	roles.Go(func() error { return next.forwarder.Run(ctx) })
	roles.Go(func() error { return next.conductor.Run(ctx) })
	roles.Go(func() error { return next.dispatcher.Run(ctx) })
	return roles.Wait()
}

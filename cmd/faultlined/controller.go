package main

import (
	"context"
	"crypto/rand"

	"golang.org/x/sync/errgroup"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/conduct"
	"github.com/k2-platform/faultline/handlers/dispatch"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/spec"
)

// controller is what this controller says and hears on NATS: it asks agents,
// renews their leases, hears halts, and carries reports to the log.
type controller struct {
	pipeline *pipeline
	conn     *halt.Conn
	agent    *agentProcess // nil: agents run elsewhere
	roster   *dispatch.Roster
	tenures  tenures
	contest  halt.Contest
	conduct  conduct.Config
	keep     func(context.Context, commands.Envelope) error
}

// openControl connects. alone says that the NATS is this process's own, so
// that no other controller can be there.
func (p *pipeline) openControl(s settings.Settings, alone bool) error {
	conn, err := halt.Connect(s.NATSAs(halt.RoleController, "controller", p.log))
	if err != nil {
		return err
	}
	c := &controller{
		pipeline: p, conn: conn, roster: &dispatch.Roster{},
		contest: halt.Contest{Controller: "controller-" + rand.Text()[:10], Lease: s.LeaseOrDefault(), Alone: alone},
		keep:    handlers.Keeper{Put: conn.Put}.Keep,
	}
	p.control = c
	c.conduct = p.conducting(s, c.keep, c.undo)
	handler, err := haltHandler(s.Home, conn, p.log)
	if err != nil {
		return err
	}
	p.web.Mux.Handle("POST /halt", handler)
	if s.NoAgent {
		return nil
	}
	light, err := findLight()
	if err != nil {
		return err
	}
	argv := []string{light, "agent", "--home", s.Home, "--nats", s.NATS.URL, "--with-parent"}
	if s.Platform != "" { // the sandbox's may come later than the agent
		argv = append(argv, "--targets", s.Platform)
	}
	c.agent = newAgentProcess(argv, p.log)
	return nil
}

// serve runs the agent of this machine, if there is one, until ctx ends and it
// has undone everything.
func (c *controller) serve(ctx context.Context) error {
	if c.agent == nil {
		return nil
	}
	return c.agent.Run(ctx)
}

// served returns once the agent serves, or ctx ends; then it is false.
func (c *controller) served(ctx context.Context) bool {
	return c.agent == nil || wait(ctx, c.agent.ready)
}

// run hears and leads until ctx ends.
func (c *controller) run(ctx context.Context) error {
	p := c.pipeline
	heeder := handlers.Heeder{Live: p.ahead.Live, Keep: c.keep, Log: p.log}
	p.state.Listen(c.tenures.notice)
	roles, ctx := errgroup.WithContext(ctx)
	roles.Go(func() error { return c.conn.Hear(ctx, c.roster.Hear) })
	roles.Go(func() error { return c.conn.Heed(ctx, func(o halt.Order) { heeder.Heed(ctx, o) }) })
	roles.Go(func() error { return c.conn.Hold(ctx, c.contest, c.lead) })
	return roles.Wait()
}

// lead is one tenure.
func (c *controller) lead(ctx context.Context, owner halt.Owner) error {
	p := c.pipeline
	p.log.Info("this controller owns the experiments", "controller", owner.Controller, "epoch", owner.Epoch)
	return c.tenures.lead(ctx, tenure{
		// Only the owner empties the outbox: two would take it from each other.
		forwarder: &handlers.Forwarder{
			Take: c.conn.Take, Publisher: p.bus.Publisher(), Topic: p.bus.Topics().Commands, Ahead: p.ahead, Log: p.log,
		},
		conductor: conduct.New(c.conduct),
		dispatcher: dispatch.New(dispatch.Config{
			Owner: owner, Lease: c.contest.Lease, Agents: c.conn, Roster: c.roster,
			Live: p.ahead.Live, State: p.ahead.State, Send: c.keep, Log: p.log,
		}),
	}, p.state.Live)
}

// undo has the agents undo what a trigger fired for, without a word of
// Kafka's. It does not block.
func (c *controller) undo(id spec.ExperimentID, why string) {
	go func() {
		order := halt.Order{ID: "trigger-" + string(id), Experiment: id, Cause: halt.ByTrigger, By: c.contest.Controller, Why: why}
		if err := c.conn.Tell(order); err != nil {
			c.pipeline.log.Error("a trigger is not heard over nats; the log and the lease undo without it", "experiment", id, "error", err)
		}
	}()
}

// Close ends the connection.
func (c *controller) Close() error { return c.conn.Close() }

package main

import (
	"context"
	"crypto/rand"

	"golang.org/x/sync/errgroup"

	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/conduct"
	"github.com/k2-platform/faultline/handlers/dispatch"
	"github.com/k2-platform/faultline/internal/settings"
)

// control is what this controller says and hears on NATS: it asks agents,
// renews their leases, hears halts, and carries reports to the log.
type control struct {
	pipeline *pipeline
	conn     *halt.Conn
	agent    *agentProcess
	roster   *dispatch.Roster
	tenures  tenures
	contest  halt.Contest
	conduct  conduct.Config
}

// openControl connects. alone says that the NATS is this process's own, so
// that no other controller can be there.
func (p *pipeline) openControl(s settings.Settings, alone bool) error {
	light, err := findLight()
	if err != nil {
		return err
	}
	conn, err := halt.Connect(s.HaltConfig(halt.RoleController, "controller", p.log))
	if err != nil {
		return err
	}
	p.control = &control{
		pipeline: p, conn: conn, roster: &dispatch.Roster{}, agent: newAgentProcess(agentCommand(s, light), p.log),
		contest: halt.Contest{Controller: "controller-" + rand.Text()[:10], Lease: s.Lease(), Alone: alone},
		conduct: p.conducting(s),
	}
	return nil
}

// run hears and leads until ctx ends.
func (c *control) run(ctx context.Context) error {
	p := c.pipeline
	forward := handlers.Forwarder{
		Take: c.conn.Take, Publisher: p.bus.Publisher(), Topic: p.bus.Topics().Commands, Ahead: p.ahead, Log: p.log,
	}
	heeder := handlers.Heeder{Live: p.ahead.Live, Keep: c.conn.Keep, Log: p.log}
	p.state.Listen(c.tenures.notice)
	roles, ctx := errgroup.WithContext(ctx)
	roles.Go(func() error { return forward.Run(ctx) })
	roles.Go(func() error { return c.conn.Hear(ctx, c.roster.Hear) })
	roles.Go(func() error { return c.conn.Heed(ctx, func(o halt.Order) { heeder.Heed(ctx, o) }) })
	roles.Go(func() error { return c.conn.Hold(ctx, c.contest, c.lead) })
	return roles.Wait()
}

// lead is one tenure.
func (c *control) lead(ctx context.Context, owner halt.Owner) error {
	p := c.pipeline
	p.log.Info("this controller owns the experiments", "controller", owner.Controller, "epoch", owner.Epoch)
	return c.tenures.lead(ctx, tenure{
		conductor: conduct.New(c.conduct),
		dispatcher: dispatch.New(dispatch.Config{
			Owner: owner, Lease: c.contest.Lease, Agents: c.conn, Roster: c.roster,
			Live: p.ahead.Live, State: p.ahead.State, Send: c.conn.Keep, Log: p.log,
		}),
	}, p.state.Live)
}

// undo has an agent undo what a trigger fired for, without a word of Kafka's.
func (c *control) undo(order halt.Order) {
	if err := c.conn.Tell(order); err != nil {
		c.pipeline.log.Error("a trigger is not heard over nats; the log and the lease undo without it", "experiment", order.Experiment, "error", err)
	}
}

// Close ends the connection.
func (c *control) Close() error { return c.conn.Close() }

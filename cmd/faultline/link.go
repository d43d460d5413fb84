package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/handlers/remote"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/ledger"
)

const (
	lookAgain   = time.Second      // for a NATS that is not known, or not there
	enrolAgain  = time.Minute      // a server may have lost its roster
	enrolWithin = 5 * time.Second  // one try
	tellAway    = 30 * time.Second // between two words on a NATS that is away
	leaveWithin = 2 * time.Second
)

// agentLink holds an agent to NATS, wherever that is and whenever it comes.
type agentLink struct {
	settings settings.Settings
	name     string
	log      *slog.Logger
	ready    func() // called once

	conn atomic.Pointer[halt.Conn] // nil: not known where NATS is
	once sync.Once
}

var errNoNATS = errors.New("it is not known where NATS is")

// send puts a report into the outbox as the record that goes to the log.
func (l *agentLink) send(ctx context.Context, e commands.Envelope) error {
	event, err := commands.Encode(e)
	if err != nil {
		return err
	}
	c := l.conn.Load()
	if c == nil {
		return errNoNATS
	}
	return c.Put(ctx, event.ID, event.Subject, event.Headers(), event.Data)
}

// run runs the agent until ctx ends, or another turns out to have its name. The
// link outlives the agent's last words.
func (l *agentLink) run(ctx context.Context, a *remote.Agent, receipts *ledger.Ledger) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	linked, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	served, undone := make(chan error, 1), make(chan struct{})
	go func() {
		defer stop() // an agent that nobody reaches any more ends
		select {
		case <-undone:
			served <- l.serve(linked, a)
		case <-linked.Done():
			served <- nil
		}
	}()
	err := a.Run(ctx, func() { close(undone) })
	cut()
	err = errors.Join(err, <-served)
	c := l.conn.Load()
	if c == nil {
		return err
	}
	if err == nil {
		l.leave(ctx, c, receipts)
	}
	return errors.Join(err, c.Close())
}

// leave tells that nobody need miss this agent. One that leaves a fault behind
// is to be missed.
func (l *agentLink) leave(ctx context.Context, c *halt.Conn, receipts *ledger.Ledger) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), leaveWithin)
	defer stop()
	live, err := receipts.Live(ctx)
	if err == nil && len(live) == 0 {
		err = c.Leave(ctx, l.name)
	}
	if err != nil {
		l.log.Warn("this agent stays on the roster, and will be missed at a halt", "error", err)
	}
}

// serve makes the agent reachable until ctx ends. Where NATS moves while it is
// away, as one that a pipeline starts may, the agent follows.
func (l *agentLink) serve(ctx context.Context, a *remote.Agent) error {
	for ctx.Err() == nil {
		at, err := l.where()
		var c *halt.Conn
		if err == nil {
			c, err = halt.Connect(at)
		}
		if err != nil {
			l.log.Warn("no controller reaches this agent; what is in place ends by lease", "error", err)
			l.wait(ctx, func() bool { _, err := l.where(); return err == nil })
			continue
		}
		if old := l.conn.Swap(c); old != nil {
			_ = old.Close()
		}
		if err := l.attend(ctx, c, at, a); err != nil {
			return err
		}
	}
	return nil
}

func (l *agentLink) where() (halt.Config, error) {
	s, err := l.settings.FindNATS()
	if err != nil {
		return halt.Config{}, err
	}
	return s.NATSAs(halt.RoleAgent, "agent "+l.name, l.log), nil
}

// attend serves on one connection until ctx ends or NATS is elsewhere.
func (l *agentLink) attend(ctx context.Context, c *halt.Conn, at halt.Config, a *remote.Agent) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var wait sync.WaitGroup
	wait.Go(func() {
		defer stop()
		l.watch(ctx, c, at)
	})
	err := c.Serve(ctx, a, func() {
		wait.Go(func() { l.enrol(ctx, c, a) })
	})
	stop()
	wait.Wait()
	return err
}

// wait looks again and again until something is so.
func (l *agentLink) wait(ctx context.Context, so func() bool) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// watch tells of a NATS that is away, and returns once it is elsewhere.
func (l *agentLink) watch(ctx context.Context, c *halt.Conn, at halt.Config) {
	var since, told time.Time
	l.wait(ctx, func() bool {
		now := time.Now()
		switch {
		case c.Connected():
			if !told.IsZero() {
				l.log.Info("nats is there", "url", at.URL)
			}
			since, told = time.Time{}, time.Time{}
			return false
		case since.IsZero():
			since = now
		case now.Sub(told) >= tellAway:
			told = now
			l.log.Warn("nats is away: nothing is injected, and what is in place ends by lease", "url", at.URL, "error", c.Problem())
		}
		found, err := l.where()
		return err == nil && (found.URL != at.URL || found.NKey != at.NKey)
	})
}

// enrol keeps the agent on the roster of those who are missed when silent. It
// is ready once that was tried: who waits for it may count on being able to halt.
func (l *agentLink) enrol(ctx context.Context, c *halt.Conn, a *remote.Agent) {
	for ctx.Err() == nil {
		try, stop := context.WithTimeout(ctx, enrolWithin)
		err := c.Enrol(try, a.Hello())
		stop()
		again := enrolAgain
		if err != nil && ctx.Err() == nil {
			again = lookAgain
			l.log.Warn("this agent is not on the roster: at a halt nobody would miss it", "error", err)
		}
		l.once.Do(l.ready)
		pause.For(ctx, again)
	}
}

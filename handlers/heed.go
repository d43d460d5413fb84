package handlers

import (
	"context"
	"log/slog"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/wallclock"
)

// Heeder tells the log of what an operator stopped outside of it. Agents
// undo without it.
type Heeder struct {
	// Live lists the experiments that are not over.
	Live func() []experiment.State
	// Keep stores a command where Kafka need not be there.
	Keep func(context.Context, commands.Envelope) error
	Log  *slog.Logger
}

// Heed stores one command for each experiment that the order stops. Where
// several controllers hear the order, the log takes the first. What a trigger
// stopped its conductor tells.
func (h Heeder) Heed(ctx context.Context, o halt.Order) {
	if o.Cause == halt.ByTrigger {
		return
	}
	for _, s := range h.Live() {
		if !o.All() && s.ID != o.Experiment {
			continue
		}
		e := commands.Envelope{
			ID: o.ID + "/" + string(s.ID), Experiment: s.ID, At: o.At, By: o.By, Command: commands.Halt{Order: o.ID, Why: o.Why},
		}
		if e.At.IsZero() {
			e.At = wallclock.Now()
		}
		if err := h.Keep(ctx, e); err != nil {
			h.Log.Error("the log does not hear of a halt, which the agents obey all the same", "order", o.ID, "experiment", s.ID, "error", err)
		}
	}
}

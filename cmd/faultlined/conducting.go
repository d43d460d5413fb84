package main

import (
	"context"
	"errors"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/conduct"
	"github.com/k2-platform/faultline/handlers/radius"
	"github.com/k2-platform/faultline/handlers/sampling"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/internal/wallclock"
	"github.com/k2-platform/faultline/rules/blastradius"
	"github.com/k2-platform/faultline/spec"
)

// conducting wires what leads experiments: keep stores a command without
// Kafka, undo reaches the agents.
func (p *pipeline) conducting(
	s settings.Settings, keep func(context.Context, commands.Envelope) error, undo func(spec.ExperimentID, string),
) conduct.Config {
	topics := p.bus.Topics()
	ticks := handlers.Ticks{Publisher: p.ticks, Topic: topics.Readings}
	clock := sampling.NewPool(tables{p.lake}, p.log)
	return conduct.Config{
		Name: "conductor", Log: p.state, Ahead: p.ahead, Problems: p.log,
		Platform: func() (spec.Platform, error) { return readPlatform(s.PlatformOrDefault()) },
		Deny:     deny,
		Radius:   p.radius(s, clock),
		Clock:    clock,
		Books:    openBooks(p.lake, p.bus, p.log),
		Truth:    countTruth(p.bus),
		Keep:     keep,
		Undo:     undo,
		Record:   ticks.Record,
		Replay: func(ctx context.Context, id spec.ExperimentID) ([]events.Tick, error) {
			return replay(ctx, p.bus, topics.Readings, id)
		},
	}
}

// radius asks the policy of the settings about an experiment of the log.
func (p *pipeline) radius(s settings.Settings, clock conduct.Clock) func(context.Context, experiment.State, spec.Platform) (events.BlastRadiusDecided, error) {
	meter := radius.Meter{Clock: clock, Reader: p.bus, Topic: p.bus.Topics().Readings}
	asker := radius.Asker{
		Policy:  func() (blastradius.Policy, error) { return radius.ReadPolicy(s.Policy) },
		Sources: radius.Sources{Kind: drivers.KindOf, Log: p.state.All, Healthy: radius.BrokerAnswers, Traffic: meter.Traffic},
	}
	return func(ctx context.Context, e experiment.State, platform spec.Platform) (events.BlastRadiusDecided, error) {
		q := radius.Question{
			Experiment: e.ID, Document: e.Document, Platform: platform, Requester: e.By, IKnow: e.IKnow, At: wallclock.Now(),
		}
		if e.Approved != nil {
			q.ApprovedBy = e.Approved.By
		}
		return asker.Decide(ctx, q)
	}
}

// tables answers the samplers that ask about tables.
type tables struct{ lake *lake.Lake }

// Inspect implements observe.Inspector.
func (t tables) Inspect(ctx context.Context, namespace, name string) (rows, snapshot int64, at time.Time, ok bool, err error) {
	info, err := t.lake.Inspect(ctx, namespace, name)
	if errors.Is(err, lake.ErrNoTable) {
		return 0, 0, time.Time{}, false, nil
	}
	return info.TotalRecords, info.ID, info.At, info.HasSnapshot, err
}

// replay reads back the recorded ticks of one experiment, in order.
func replay(ctx context.Context, b *bus.Bus, topic string, id spec.ExperimentID) ([]events.Tick, error) {
	ends, err := b.EndOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	var out []events.Tick
	err = b.ReadTo(ctx, topic, nil, ends, func(records []bus.Record) error {
		for _, rec := range records {
			if string(rec.Key) != string(id) {
				continue
			}
			t, err := handlers.ReadTick(rec)
			if err != nil {
				continue // it is among the dead letters, and no tick of anybody
			}
			out = append(out, t)
		}
		return nil
	})
	return out, err
}

package main

import (
	"context"
	"errors"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/conduct"
	"github.com/k2-platform/faultline/handlers/sampling"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/spec"
)

// conducting wires what leads experiments.
func (p *pipeline) conducting(s settings.Settings) conduct.Config {
	topics := p.bus.Topics()
	ticks := handlers.Ticks{Publisher: p.bus.Publisher(), Topic: topics.Readings}
	return conduct.Config{
		Name: "conductor", Log: p.state, Problems: p.log,
		Platform: func() (spec.Platform, error) { return readPlatform(s.PlatformOrDefault()) },
		Deny:     deny,
		Clock:    sampling.NewPool(tables{p.lake}, p.log),
		Books:    openBooks(p.lake, p.log),
		Send:     p.commands().Send,
		Record:   ticks.Record,
		Replay: func(ctx context.Context, id spec.ExperimentID) ([]events.Tick, error) {
			return replay(ctx, p.bus, topics.Readings, id)
		},
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

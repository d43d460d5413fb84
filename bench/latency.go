package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

const (
	latencyWarm    = 50
	latencySamples = 1000
)

// latency measures from a command's publishing to its batch, accepted, in the
// log of who published it; on the embedded Kafka and, where named, a real one.
func (b *bench) latency(ctx context.Context) error {
	const figure = "command published to batch accepted, "
	times, err := b.notes(ctx)
	if err != nil {
		return err
	}
	b.peer(figure+"embedded Kafka", times.tail())
	if len(b.brokers) == 0 {
		return nil
	}
	if times, err = b.notes(ctx, "--kafka", strings.Join(b.brokers, ",")); err != nil {
		return err
	}
	b.peer(figure+"the Kafka at hand: "+plural(len(b.brokers), "broker"), times.tail())
	return nil
}

// notes publishes notes one after the other while an experiment's clock runs.
func (b *bench) notes(ctx context.Context, flags ...string) (times spread, err error) {
	home, drop, err := b.home()
	if err != nil {
		return nil, err
	}
	defer drop()
	s, platform, err := startService(home)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	p, err := startUp(ctx, b.bin, home, append(flags, "--platform", platform)...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.end()) }()
	c, err := dial(ctx, home)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	// A name of its own: a real Kafka may have the log of an earlier run.
	id := spec.ExperimentID("latency-" + time.Now().UTC().Format("20060102-150405"))
	if err := c.ask(ctx, id, commands.Schedule{Document: quiet(time.Hour, time.Second)}); err != nil {
		return nil, err
	}
	if _, err := c.log.Await(ctx, id, func(s experiment.State) bool { return s.Phase == experiment.Baselining }); err != nil {
		return nil, err
	}
	for i := range latencyWarm + latencySamples {
		began := time.Now()
		if err := c.ask(ctx, id, commands.Note{Kind: events.Finding, Text: "a note"}); err != nil {
			return nil, err
		}
		if i >= latencyWarm {
			times = append(times, time.Since(began))
		}
	}
	return times, c.ask(ctx, id, commands.Abort{Reason: "measured"})
}

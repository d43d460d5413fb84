package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/spec"
)

const (
	triggerSamples = 100
	triggerAtOnce  = 20 // experiments; the built-in policy allows no more
	triggerP50     = 5 * time.Millisecond
	triggerP99     = 25 * time.Millisecond
	// kafkaAway is how long Kafka is away before the first load crosses.
	kafkaAway  = 3 * time.Second
	roundTakes = 2 * time.Minute
)

// trigger measures from a reading that crosses a trigger to the fault seen
// gone: with Kafka there, with Kafka away, and on a real Kafka where one is named.
func (b *bench) trigger(ctx context.Context) error {
	const figure = "reading crosses a trigger → pause seen gone"
	plain, err := b.triggers(ctx, nil)
	if err != nil {
		return err
	}
	b.quick(figure+", embedded Kafka", plain.gone)
	b.peer("the same readings → rollback accepted in the log, embedded Kafka", plain.accepted.tail())
	if err := b.triggersWithoutKafka(ctx, figure); err != nil {
		return err
	}
	if len(b.brokers) == 0 {
		return nil
	}
	at := "the Kafka at hand: " + plural(len(b.brokers), "broker")
	if plain, err = b.triggers(ctx, nil, "--kafka", strings.Join(b.brokers, ",")); err != nil {
		return err
	}
	b.quick(figure+", "+at, plain.gone)
	b.peer("the same readings → rollback accepted in the log, "+at, plain.accepted.tail())
	return nil
}

// quick is a line of a trigger's times beside their targets.
func (b *bench) quick(figure string, times spread) {
	b.add(figure, "p50 ≤ 5 ms, p99 ≤ 25 ms", times.tail(), times.median() <= triggerP50 && times.at(0.99) <= triggerP99)
}

func (b *bench) triggersWithoutKafka(ctx context.Context, figure string) (err error) {
	home, drop, err := b.home()
	if err != nil {
		return err
	}
	defer drop()
	kafka, err := startBroker(ctx, b.bin, home)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kafka.end()) }()
	away, err := b.triggers(ctx, kafka, "--kafka", kafka.addr)
	if err != nil {
		return err
	}
	b.quick(figure+", Kafka killed "+short(kafkaAway)+" before", away.gone)
	return nil
}

// times of triggers: from the answer that crosses to the target seen to go on,
// and to the batch that says so, accepted.
type times struct{ gone, accepted spread }

// triggers runs rounds of experiments until there are samples enough. A broker
// that is named is away while loads cross.
func (b *bench) triggers(ctx context.Context, kafka *broker, flags ...string) (out times, err error) {
	home, drop, err := b.home()
	if err != nil {
		return out, err
	}
	defer drop()
	a, err := startArena(home, triggerAtOnce)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	p, err := startUp(ctx, b.bin, home, append(flags, "--platform", a.platform)...)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, p.end()) }()
	c, err := dial(ctx, home)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	seen := &rollbacks{at: map[spec.ExperimentID]time.Time{}}
	c.log.Listen(seen.see)
	for n := 0; len(out.gone) < triggerSamples; n++ {
		r := round{arena: a, client: c, kafka: kafka, name: fmt.Sprintf("trigger-%s-%d", time.Now().UTC().Format("150405"), n)}
		if err := r.run(ctx, seen, &out); err != nil {
			return out, err
		}
		say(b.progress, fmt.Sprintf("  %d samples: %s", len(out.gone), out.gone.tail()))
	}
	return out, nil
}

// rollbacks notes when the log said that a fault is gone.
type rollbacks struct {
	mu sync.Mutex
	at map[spec.ExperimentID]time.Time
}

func (r *rollbacks) see(a handlers.Accepted) {
	now := time.Now()
	for _, e := range a.Batch.Events {
		if _, ok := e.(events.FaultRolledBack); ok {
			r.mu.Lock()
			r.at[a.Batch.Experiment] = now
			r.mu.Unlock()
		}
	}
}

// round is one experiment for each target, all at once.
type round struct {
	*arena
	client *client
	kafka  *broker
	name   string
}

func (r round) id(i int) spec.ExperimentID {
	return spec.ExperimentID(fmt.Sprintf("%s-%03d", r.name, i))
}

func (r round) run(ctx context.Context, seen *rollbacks, out *times) error {
	ctx, stop := context.WithTimeout(ctx, roundTakes)
	defer stop()
	if err := r.pauseAll(ctx); err != nil {
		return err
	}
	if r.kafka != nil {
		if _, err := r.kafka.kill(); err != nil {
			return err
		}
		if err := rest(ctx, kafkaAway); err != nil {
			return err
		}
	}
	crossed := make([]time.Time, r.size())
	for i := range r.size() {
		at, gone, err := r.cross(ctx, i)
		if err != nil {
			return err
		}
		crossed[i], out.gone = at, append(out.gone, gone.Sub(at))
		r.meter.lower(i)
	}
	if r.kafka != nil {
		if err := r.kafka.start(ctx); err != nil {
			return err
		}
	}
	for i := range r.size() {
		if _, err := r.client.log.Await(ctx, r.id(i), func(s experiment.State) bool { return s.Phase.Over() }); err != nil {
			return fmt.Errorf("waiting for experiment %s to be over: %w", r.id(i), err)
		}
		seen.mu.Lock()
		out.accepted = append(out.accepted, seen.at[r.id(i)].Sub(crossed[i]))
		seen.mu.Unlock()
	}
	return nil
}

// pauseAll schedules the experiments and returns once all targets stand still
// and the log knows it.
func (r round) pauseAll(ctx context.Context) error {
	for i := range r.size() {
		if _, err := r.client.send(ctx, r.id(i), commands.Schedule{Document: r.pausing(i)}); err != nil {
			return err
		}
	}
	if _, err := r.awaitAll(ctx, r.size(), true); err != nil {
		return err
	}
	for i := range r.size() {
		if _, err := r.client.log.Await(ctx, r.id(i), func(s experiment.State) bool { return s.Phase == experiment.Injected }); err != nil {
			return fmt.Errorf("waiting for experiment %s to be injected: %w", r.id(i), err)
		}
	}
	return nil
}

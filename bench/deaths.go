package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/settings"
)

const (
	deathRounds  = 50
	reapedP99    = 200 * time.Millisecond
	lapseRounds  = 6
	lapseFaults  = 5
	lapseAllowed = 100 * time.Millisecond
)

// orderOf reads the id of the order that a halt command prints.
func orderOf(out []byte) (string, error) {
	var said halt.Outcome
	if err := json.Unmarshal(out, &said); err != nil {
		return "", fmt.Errorf("reading what faultline halt says: %w", err)
	}
	return said.Order, nil
}

// agentDeath kills the agent while its faults are in place.
func (b *bench) agentDeath(ctx context.Context) error {
	for _, n := range []int{1, 10} {
		times, err := b.reaped(ctx, n)
		if err != nil {
			return err
		}
		b.add(fmt.Sprintf("agent SIGKILL, %s → all seen gone, by its reaper", plural(n, "fault")), "p99 ≤ 200 ms", times.tail(), times.at(0.99) <= reapedP99)
	}
	return nil
}

func (b *bench) reaped(ctx context.Context, n int) (times spread, err error) {
	home, drop, err := b.home()
	if err != nil {
		return nil, err
	}
	defer drop()
	h, err := startHost(ctx, b.bin, home, n)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	for i := range deathRounds {
		release, err := h.paused(ctx, fmt.Sprintf("death-%d", i), n)
		if err != nil {
			return nil, err
		}
		at, err := h.agent.kill()
		if err == nil {
			var last time.Time
			last, err = h.allGone(ctx, n)
			times = append(times, last.Sub(at))
		}
		release()
		if err != nil {
			return nil, err
		}
		if err := h.startAgent(ctx); err != nil {
			return nil, err
		}
	}
	return times, nil
}

// controllerDeath kills the whole pipeline, its NATS with it, while faults are
// in place that an agent of its own holds.
func (b *bench) controllerDeath(ctx context.Context) error {
	var times spread
	for range lapseRounds {
		took, err := b.lapsed(ctx)
		if err != nil {
			return err
		}
		times = append(times, took...)
	}
	within := settings.DefaultLease + lapseAllowed
	b.add(fmt.Sprintf("controller SIGKILL, its NATS with it, lease %s → seen gone by the lapse", short(settings.DefaultLease)), "≤ "+short(within),
		fmt.Sprintf("p50 %.3f s, greatest %.3f s (%d samples)", times.median().Seconds(), times.at(1).Seconds(), len(times)), times.at(1) <= within)
	return nil
}

func (b *bench) lapsed(ctx context.Context) (times spread, err error) {
	home, drop, err := b.home()
	if err != nil {
		return nil, err
	}
	defer drop()
	a, err := startArena(home, lapseFaults)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	p, err := startUp(ctx, b.bin, home, "--no-agent", "--platform", a.platform)
	if err != nil {
		return nil, err
	}
	h := &host{arena: a, bin: b.bin, home: home}
	if err := h.startAgent(ctx); err != nil {
		return nil, errors.Join(err, p.end())
	}
	defer func() { err = errors.Join(err, h.agent.end()) }()
	c, err := dial(ctx, home)
	if err != nil {
		return nil, errors.Join(err, p.end())
	}
	within, stop := context.WithTimeout(ctx, roundTakes)
	defer stop()
	err = errors.Join(round{arena: a, client: c, name: "lapse"}.pauseAll(within), c.close())
	if err != nil {
		return nil, errors.Join(err, p.end())
	}
	at, err := p.kill()
	if err != nil {
		return nil, err
	}
	for i := range a.size() {
		gone, err := a.await(within, i, false)
		if err != nil {
			return nil, err
		}
		times = append(times, gone.Sub(at))
	}
	return times, nil
}

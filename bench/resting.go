package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	restSettle   = 5 * time.Second
	restFor      = 20 * time.Second
	agentMemory  = 30 << 20
	agentShare   = 0.005
	reaperMemory = 12 << 20
)

// resting watches an agent and its reaper that have nothing to do.
func (b *bench) resting(ctx context.Context) (err error) {
	home, drop, err := b.home()
	if err != nil {
		return err
	}
	defer drop()
	h, err := startHost(ctx, b.bin, home, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	pids := family(h.agent.pid())
	if len(pids) != 2 {
		return fmt.Errorf("an agent at rest is two processes, with its reaper, and not %d", len(pids))
	}
	if err := rest(ctx, restSettle); err != nil {
		return err
	}
	agent, reaper, began := cpuOf(pids[0]), cpuOf(pids[1]), time.Now()
	if err := rest(ctx, restFor); err != nil {
		return err
	}
	took := time.Since(began)
	memory := status(pids[0], "VmRSS:")
	share := float64(cpuOf(pids[0])-agent) / float64(took)
	b.add("agent at rest, memory", "≤ 30 MiB", mib(memory), memory <= agentMemory)
	b.add("agent at rest, processor", "≤ 0.5 % of a core", fmt.Sprintf("%.2f %% over %s", 100*share, short(took)), share <= agentShare)
	memory = status(pids[1], "VmRSS:")
	b.add("its reaper at rest, memory", "≤ 12 MiB", mib(memory), memory <= reaperMemory)
	b.peer("its reaper at rest, processor", fmt.Sprintf("%.2f %% of a core", 100*float64(cpuOf(pids[1])-reaper)/float64(took)))
	return nil
}

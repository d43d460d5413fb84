package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/k2-platform/faultline/experiments"
)

const (
	checkRuns   = 20
	checkTime   = 50 * time.Millisecond
	checkMemory = 30 << 20
)

// check times `faultline check`, and a peer that validates its own document
// where $BENCH_CHAOS names its program.
func (b *bench) check(ctx context.Context) error {
	home, drop, err := b.home()
	if err != nil {
		return err
	}
	defer drop()
	text, err := experiments.Files.ReadFile("kafka-broker-stop.yaml")
	if err != nil {
		return fmt.Errorf("reading the document to check: %w", err)
	}
	document := filepath.Join(home, "document.yaml")
	if err := os.WriteFile(document, text, 0o600); err != nil {
		return fmt.Errorf("writing the document to check: %w", err)
	}
	times, memory, err := runs(ctx, home, filepath.Join(b.bin, "faultline"), "check", document)
	if err != nil {
		return err
	}
	b.add("`faultline check`, time", "< 50 ms", times.String(), times.median() < checkTime)
	b.add("`faultline check`, memory at its peak", "< 30 MiB", mib(memory), memory < checkMemory)
	if b.chaos == "" {
		return nil
	}
	if err := os.WriteFile(document, []byte(peerDocument), 0o600); err != nil {
		return fmt.Errorf("writing the peer's document: %w", err)
	}
	times, memory, err = runs(ctx, home, b.chaos, "--no-version-check", "validate", document)
	if err != nil {
		return err
	}
	b.peer("peer: Chaos Toolkit's `chaos validate`", times.String()+", "+mib(memory))
	return nil
}

// peerDocument is as near to ours as Chaos Toolkit's format comes: one claim
// and one action of the same process.
const peerDocument = `title: Kafka broker stop
description: The broker that carries the trades is stopped.
steady-state-hypothesis:
  title: the query API answers
  probes:
    - {type: probe, name: api, tolerance: 200, provider: {type: http, url: "http://127.0.0.1:1/api/v1/trades"}}
method:
  - {type: action, name: stop, provider: {type: process, path: /bin/true}}
rollbacks: []
`

// runs starts a program again and again, and gives its times and the most
// memory that one run took.
func runs(ctx context.Context, dir, program string, args ...string) (times spread, memory int64, err error) {
	for range checkRuns {
		cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // the program to be measured
		cmd.Dir = dir
		began := time.Now()
		out, err := cmd.CombinedOutput()
		if err != nil {
			return nil, 0, fmt.Errorf("running %s: %w: %s", filepath.Base(program), err, out)
		}
		times = append(times, time.Since(began))
		if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			memory = max(memory, usage.Maxrss<<10)
		}
	}
	return times, memory, nil
}

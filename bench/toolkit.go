package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const toolkitRuns = 20

// toolkit has Chaos Toolkit pause the same target and watch the same load: it
// fails fast and always rolls back. Its method is given in two ways. It is held
// up by one pause, as its manual does it; and it goes on as many short ones,
// since it looks whether it has failed only between two activities.
func (b *bench) toolkit(ctx context.Context) (err error) {
	if b.chaos == "" {
		return nil
	}
	home, drop, err := b.home()
	if err != nil {
		return err
	}
	defer drop()
	a, err := startArena(home, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	for _, way := range []struct {
		name  string
		parts int
		each  float64
		runs  int
	}{
		{"method in steps of 50 ms", 400, 0.05, toolkitRuns},
		{"method is one pause of 5 s", 1, 5, toolkitRuns / 5},
	} {
		var times spread
		for range way.runs {
			took, err := b.toolkitRun(ctx, a, way.parts, way.each)
			if err != nil {
				return err
			}
			times = append(times, took)
		}
		b.peer("peer: Chaos Toolkit, `--fail-fast`, "+way.name+", answer crosses → pause seen gone", times.tail())
	}
	return nil
}

// activity is an action or a probe of Chaos Toolkit.
type activity map[string]any

func signalling(name, signal string, pid int) activity {
	return activity{"type": "action", "name": name, "provider": activity{"type": "process", "path": "kill", "arguments": []string{signal, strconv.Itoa(pid)}}}
}

func (a *arena) toolkitDocument(parts int, each float64) any {
	pid := a.pid(0)
	method := []activity{signalling("pause", "-STOP", pid)}
	for i := range parts {
		method = append(method, activity{
			"type": "action", "name": fmt.Sprintf("stay %d", i), "provider": activity{"type": "process", "path": "true"}, "pauses": activity{"after": each},
		})
	}
	return activity{
		"title": "pause", "description": "the target stands still until its load is high",
		"steady-state-hypothesis": activity{"title": "the load is low", "probes": []activity{{
			"type": "probe", "name": "load", "provider": activity{"type": "http", "url": a.meter.url(0), "timeout": 5},
			"tolerance": activity{"type": "regex", "target": "body", "pattern": fmt.Sprintf(" %d$", calm)},
		}}},
		"method":    method,
		"rollbacks": []activity{signalling("go on", "-CONT", pid)},
	}
}

func (b *bench) toolkitRun(ctx context.Context, a *arena, parts int, each float64) (time.Duration, error) {
	text, err := json.Marshal(a.toolkitDocument(parts, each))
	if err != nil {
		return 0, fmt.Errorf("writing the peer's document: %w", err)
	}
	file := filepath.Join(a.dir, "pause.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return 0, fmt.Errorf("writing the peer's document: %w", err)
	}
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, b.chaos, "--no-version-check", "run", "--hypothesis-strategy", "continuously", "--hypothesis-frequency", "0.5", //nolint:gosec // the program to be measured
		"--fail-fast", "--rollback-strategy", "always", file)
	cmd.Dir = a.dir
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	var log tail
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("running the peer: %w", err)
	}
	_, err = a.await(ctx, 0, true)
	var crossed, gone time.Time
	if err == nil {
		err = rest(ctx, time.Second) // its hypothesis is watched by then
	}
	if err == nil {
		crossed, gone, err = a.cross(ctx, 0)
	}
	a.meter.lower(0)
	var ended *exec.ExitError
	if done := cmd.Wait(); !errors.As(done, &ended) { // it ends with 1 when the hypothesis has failed
		err = errors.Join(err, done)
	}
	if err != nil {
		return 0, fmt.Errorf("running the peer: %w; %s", err, log)
	}
	return gone.Sub(crossed), nil
}

// tail keeps the last of what is written to it.
type tail []byte

func (t *tail) Write(p []byte) (int, error) {
	*t = append(*t, p...)
	*t = (*t)[max(len(*t)-2000, 0):]
	return len(p), nil
}

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	// An agent that ended is started again after a pause, which grows while it
	// does not last. Its reaper has undone its faults by then.
	agentRest   = 200 * time.Millisecond
	longestRest = 5 * time.Second
	agentLasted = 10 * time.Second
	// agentEnd bounds the clean end of an agent, which undoes what is in place.
	agentEnd = 90 * time.Second
)

// agentProcess is the agent of this machine: a process of its own, so that
// what kills the pipeline does not kill who undoes. It is started again
// whenever it ends.
type agentProcess struct {
	argv  []string
	log   *slog.Logger
	ready chan struct{} // closed once the first life serves
	once  sync.Once
}

func newAgentProcess(argv []string, log *slog.Logger) *agentProcess {
	return &agentProcess{argv: argv, log: log, ready: make(chan struct{})}
}

// Run keeps an agent running until ctx ends and the last one has undone what
// it held.
func (a *agentProcess) Run(ctx context.Context) error {
	for rest := agentRest; ; rest = min(2*rest, longestRest) {
		began := time.Now()
		err := a.live(ctx)
		if ctx.Err() != nil {
			return err
		}
		if time.Since(began) > agentLasted {
			rest = agentRest
		}
		a.log.Error("the agent ended; another one is started", "error", err, "in", rest)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(rest):
		}
	}
}

// live runs one agent to its end. It ends by itself when its standard input
// does: with this process, however that comes about.
func (a *agentProcess) live(ctx context.Context) error {
	cmd := exec.Command(a.argv[0], a.argv[1:]...)         //nolint:gosec,noctx // the binary beside this one; it is ended in order below
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for this process, which then ends the agent
	cmd.Stderr = os.Stderr
	life, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("starting the agent: %w", err)
	}
	said, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("starting the agent: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the agent %s: %w; build both binaries into one folder (make build)", a.argv[0], err)
	}
	ended := make(chan error, 1)
	go func() {
		a.listen(said)
		ended <- cmd.Wait()
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	if err := life.Close(); err != nil {
		a.log.Warn("asking the agent to end", "error", err)
	}
	select {
	case err = <-ended:
	case <-time.After(agentEnd):
		err = fmt.Errorf("it did not end within %s and was killed; its reaper goes on: %w", agentEnd, errors.Join(cmd.Process.Kill(), <-ended))
	}
	if err != nil {
		return fmt.Errorf("ending the agent: %w", err)
	}
	return nil
}

// listen hands on what the agent says. Its first line says that it serves.
func (a *agentProcess) listen(said io.Reader) {
	for lines := bufio.NewScanner(said); lines.Scan(); {
		a.log.Info(lines.Text())
		a.once.Do(func() { close(a.ready) })
	}
}

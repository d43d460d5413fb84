package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// herd are the processes that faults pause. They are children of the bench, to
// which the kernel tells it when one of them stands still or goes on: nothing
// is polled.
type herd struct {
	dir    string
	group  int // of processes
	byPID  map[int]int
	ended  chan struct{}
	mu     sync.Mutex
	stands []bool
	since  []time.Time
	news   chan struct{} // closed at the next change
}

// startHerd starts n processes that sleep.
func startHerd(dir string, n int) (*herd, error) {
	h := &herd{
		dir: dir, byPID: map[int]int{}, ended: make(chan struct{}),
		stands: make([]bool, n), since: make([]time.Time, n), news: make(chan struct{}),
	}
	for i := range n {
		if err := h.add(i); err != nil {
			return nil, errors.Join(err, h.kill())
		}
	}
	go h.watch()
	return h, nil
}

func (h *herd) add(i int) error {
	cmd := exec.Command("sleep", "1d") //nolint:noctx // end ends it
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: h.group}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting a target: %w", err)
	}
	if h.group == 0 {
		h.group = cmd.Process.Pid
	}
	h.byPID[cmd.Process.Pid] = i
	r, err := process.Record{Name: string(h.name(i)), PID: cmd.Process.Pid, Command: cmd.Args, Dir: h.dir}.Identified()
	if err != nil {
		return err
	}
	return r.Write(h.record(i))
}

func (h *herd) size() int                  { return len(h.stands) }
func (h *herd) name(i int) spec.TargetName { return spec.TargetName(fmt.Sprintf("target-%03d", i)) }
func (h *herd) record(i int) string        { return filepath.Join(h.dir, string(h.name(i))+".json") }

func (h *herd) target(i int) spec.Target {
	return spec.Target{Title: "sleeps", Process: &spec.Process{Record: h.record(i)}}
}

func (h *herd) pid(i int) int {
	for pid, k := range h.byPID {
		if k == i {
			return pid
		}
	}
	return 0
}

// watch waits for news of the group until all its processes have ended.
func (h *herd) watch() {
	defer close(h.ended)
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-h.group, &status, unix.WUNTRACED|unix.WCONTINUED, nil)
		now := time.Now()
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return
		}
		if !status.Stopped() && !status.Continued() {
			continue
		}
		h.mu.Lock()
		i := h.byPID[pid]
		h.stands[i], h.since[i] = status.Stopped(), now
		close(h.news)
		h.news = make(chan struct{})
		h.mu.Unlock()
	}
}

// await returns since when a target stands still, or goes on.
func (h *herd) await(ctx context.Context, i int, still bool) (time.Time, error) {
	for {
		h.mu.Lock()
		now, since, news := h.stands[i], h.since[i], h.news
		h.mu.Unlock()
		if now == still {
			return since, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return since, fmt.Errorf("waiting for %s: %w", h.name(i), ctx.Err())
		}
	}
}

// awaitAll returns since when the last of the first n does.
func (h *herd) awaitAll(ctx context.Context, n int, still bool) (last time.Time, err error) {
	for i := range n {
		since, err := h.await(ctx, i, still)
		if err != nil {
			return last, err
		}
		if since.After(last) {
			last = since
		}
	}
	return last, nil
}

func (h *herd) end() error {
	err := h.kill()
	<-h.ended
	return err
}

func (h *herd) kill() error {
	if h.group == 0 {
		return nil
	}
	if err := unix.Kill(-h.group, unix.SIGKILL); err != nil {
		return fmt.Errorf("ending the targets: %w", err)
	}
	return nil
}

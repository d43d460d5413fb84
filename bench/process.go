package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// upWithin bounds how long a pipeline may take to be ready.
const upWithin = 5 * time.Minute

// pipeline is a running `faultline up`.
type pipeline struct {
	home  string
	ready time.Duration // from its start on
	spent time.Duration // of processor time, until then
	cmd   *exec.Cmd
	done  chan error
}

// startUp starts a pipeline and returns once it is ready, which is when it
// announces where it is.
func startUp(ctx context.Context, bin, home string, flags ...string) (*pipeline, error) {
	mark, log := filepath.Join(home, "up.yaml"), filepath.Join(home, "bench.log")
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // below a folder of our own
	if err != nil {
		return nil, fmt.Errorf("starting the pipeline: %w", err)
	}
	defer out.Close() //nolint:errcheck // the process has its own
	p := &pipeline{home: home, done: make(chan error, 1)}
	p.cmd = exec.Command(filepath.Join(bin, "faultline"), append([]string{"up", "--home", home}, flags...)...) //nolint:gosec,noctx // the binary under test; end ends it
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the pipeline: %w", err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	for late := time.After(upWithin); ; {
		if _, err := os.Stat(mark); err == nil {
			p.ready, p.spent = time.Since(began), p.cpu()
			return p, nil
		}
		select {
		case err := <-p.done:
			return nil, fmt.Errorf("starting the pipeline: it ended (%w); %s", err, lastLine(log))
		case <-late:
			return nil, errors.Join(fmt.Errorf("starting the pipeline: it was not ready within %s", upWithin), p.end())
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), p.end())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// end asks the pipeline to end and waits for it.
func (p *pipeline) end() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending the pipeline: %w", err)
	}
	select {
	case err := <-p.done:
		if err != nil {
			return fmt.Errorf("ending the pipeline: %w; %s", err, lastLine(filepath.Join(p.home, "bench.log")))
		}
		return nil
	case <-time.After(2 * time.Minute):
		return errors.Join(errors.New("ending the pipeline: it did not end within 2 minutes and was killed"), p.cmd.Process.Kill(), <-p.done)
	}
}

func lastLine(file string) string {
	text, _ := os.ReadFile(file) //nolint:gosec // below a folder of our own
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

// rss sums resident memory over all processes of the pipeline: now, and of
// each at its peak.
func (p *pipeline) rss() (now, peak int64) {
	for _, pid := range family(p.cmd.Process.Pid) {
		now += status(pid, "VmRSS:")
		peak += status(pid, "VmHWM:")
	}
	return now, peak
}

// cpu is the time that all processes of the pipeline have spent.
func (p *pipeline) cpu() time.Duration {
	var ticks int64
	for _, pid := range family(p.cmd.Process.Pid) {
		f := statFields(pid)
		if len(f) < 13 {
			continue
		}
		user, _ := strconv.ParseInt(f[11], 10, 64)
		system, _ := strconv.ParseInt(f[12], 10, 64)
		ticks += user + system
	}
	return time.Duration(ticks) * 10 * time.Millisecond // USER_HZ is 100 on every Linux that Go runs on
}

// family lists a process and all that descend from it.
func family(root int) []int {
	out := []int{root}
	files, _ := filepath.Glob("/proc/[0-9]*")
	for i := 0; i < len(out); i++ {
		for _, f := range files {
			pid, _ := strconv.Atoi(filepath.Base(f))
			if s := statFields(pid); len(s) > 1 && s[1] == strconv.Itoa(out[i]) {
				out = append(out, pid)
			}
		}
	}
	return out
}

// statFields are the fields of /proc/PID/stat from the state on.
func statFields(pid int) []string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(text), ") ")
	return strings.Fields(rest)
}

// status is a size of /proc/PID/status in bytes.
func status(pid int, name string) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(text), name)
	var kib int64
	_, _ = fmt.Sscan(rest, &kib)
	return kib << 10
}

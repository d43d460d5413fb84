package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// upWithin bounds how long a pipeline may take to be ready.
const upWithin = 5 * time.Minute

// pipeline is a running `faultline up`.
type pipeline struct {
	*child
	ready time.Duration // from its start on
	spent time.Duration // of processor time, until then
}

// startUp starts a pipeline and returns once it is ready, which is when it
// announces where it is.
func startUp(ctx context.Context, bin, home string, flags ...string) (*pipeline, error) {
	mark, began := filepath.Join(home, "up.yaml"), time.Now()
	c, err := launch("the pipeline", filepath.Join(home, "bench.log"), filepath.Join(bin, "faultline"), append([]string{"up", "--home", home}, flags...)...)
	if err != nil {
		return nil, err
	}
	if err := c.await(ctx, upWithin, func() bool { _, err := os.Stat(mark); return err == nil }); err != nil {
		return nil, err
	}
	p := &pipeline{child: c, ready: time.Since(began)}
	p.spent = p.cpu()
	return p, nil
}

// rss sums resident memory over all processes of the pipeline: now, and of
// each at its peak.
func (p *pipeline) rss() (now, peak int64) {
	for _, pid := range family(p.pid()) {
		now += status(pid, "VmRSS:")
		peak += status(pid, "VmHWM:")
	}
	return now, peak
}

// cpu is the time that all processes of the pipeline have spent.
func (p *pipeline) cpu() (spent time.Duration) {
	for _, pid := range family(p.pid()) {
		spent += cpuOf(pid)
	}
	return spent
}

// cpuOf is the time that a process has spent.
func cpuOf(pid int) time.Duration {
	f := statFields(pid)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100 on every Linux that Go runs on
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

//go:build failpoint

package matrix_test

import (
	"syscall"
	"time"
)

const (
	lease = time.Second
	// away is how long a dead server or controller stays dead: longer than a
	// lease and its margin, so that the lapse is seen.
	away     = 2 * time.Second
	agentOff = 100 * time.Millisecond // as the unit's RestartSec
	// stepLife is how long the experiment itself keeps the fault; maxLife how
	// long it may last whatever happens.
	stepLife = 2 * time.Second
	maxLife  = 8 * time.Second
	// load is what a machine that runs several worlds at once may add to a bound.
	load = 700 * time.Millisecond
)

// death is what happens at a point, and within which time a fault that is in
// place then is to be gone.
type death struct {
	name   string
	strike func(*world) (heal func())
	bound  time.Duration
	kill   bool // one of those that CI runs at every point
}

// deaths lists them all.
func deaths() []death {
	planned := stepLife + 1500*time.Millisecond + load // nothing that the fault hangs on died
	foreseen := planned + 2*1500*time.Millisecond      // the log is missed for so long before its end of the step is foreseen
	lapse := lease + 100*time.Millisecond + load
	reaped := 200*time.Millisecond + load
	both := agentOff + time.Second + load
	// Who would undo stands still, too. When it goes on, the renewals that waited
	// tell it that the owner lives: the fault may then have its planned time.
	thawed := 4*lease + planned
	frozen := lease + 500*time.Millisecond + load // silence, kill, undo
	return []death{
		{"kill controller", killed("controller"), lapse, true},
		{"kill agent", killed("agent"), reaped, true},
		{"kill reaper", killed("reaper"), planned, true},
		{"kill agent, reaper", killed("agent", "reaper"), both, true},
		{"kill reaper, agent", killed("reaper", "agent"), both, true},
		{"kill NATS", killed("nats"), lapse, true},
		{"kill Kafka", killed("kafka"), foreseen, true},
		{"kill all", killed("controller", "nats", "kafka", "reaper", "agent"), both, true},
		{"stop controller", frozenFor("controller"), lapse, false},
		{"stop agent", frozenFor("agent"), frozen, false},
		{"stop reaper", frozenFor("reaper"), planned, false},
		{"stop NATS", frozenFor("nats"), lapse, false},
		{"stop Kafka", frozenFor("kafka"), foreseen, false},
		{"stop all but the reaper", frozenFor("controller", "nats", "kafka", "agent"), frozen, false},
		{"stop agent, reaper", frozenFor("agent", "reaper"), thawed, false},
		{"stop reaper, agent", frozenFor("reaper", "agent"), thawed, false},
		{"stop all", frozenFor("controller", "nats", "kafka", "reaper", "agent"), thawed, false},
		{"agent's disk full", func(w *world) func() { return w.fill(w.agentHome) }, planned, false},
		{"controller's disk full", func(w *world) func() { return w.fill(w.home) }, planned, false},
		{"clock an hour ahead", stepped("1h"), planned, false},
		{"clock an hour back", stepped("-1h"), planned, false},
	}
}

func killed(names ...string) func(*world) func() {
	return func(w *world) func() {
		pids := w.pids(names) // before the first dies: a reaper without an agent soon ends
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		return func() {}
	}
}

// frozenFor stops processes for four leases.
func frozenFor(names ...string) func(*world) func() {
	return func(w *world) func() {
		pids := w.pids(names)
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGSTOP)
		}
		return func() {
			time.Sleep(4 * lease) // the length of the freeze is the test
			for _, pid := range pids {
				_ = syscall.Kill(pid, syscall.SIGCONT)
			}
		}
	}
}

func stepped(by string) func(*world) func() {
	return func(w *world) func() {
		w.step(by)
		return func() {}
	}
}

package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/internal/roottest"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/ledger/reaper"
)

func TestAKilledAgentLeavesNoFault(t *testing.T) {
	runs := 50
	if testing.Short() {
		runs = 3
	}
	var took []time.Duration
	for range runs {
		s := newStage(t)
		state := s.agent()
		before := time.Now()
		s.kill(state.Agent)
		took = append(took, s.mended(before))
		s.told("agent_restart")
	}
	slices.Sort(took)
	at := func(p int) time.Duration { return took[(len(took)-1)*p/100].Round(10 * time.Microsecond) }
	t.Logf("SIGKILL of the agent to both faults gone, %d runs: p50 %s, p90 %s, p99 %s, max %s", runs, at(50), at(90), at(99), at(100))
	if took[len(took)-1] > 10*time.Second {
		t.Errorf("it took %s", took[len(took)-1])
	}
}

func TestAFrozenAgentIsKilledFirst(t *testing.T) {
	s := newStage(t)
	s.config.Silence = 300 * time.Millisecond
	state := s.agent()
	if err := process.Signal(state.Agent, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Logf("SIGSTOP of the agent to its faults gone, with a silence of %s: %s", s.config.Silence, s.mended(time.Now()))
	if state.Agent.Alive() {
		t.Error("its faults were undone while it was there")
	}
}

func TestTheReaperOutlivesGroupAndSession(t *testing.T) {
	s := newStage(t)
	state := s.agent()
	if err := syscall.Kill(-state.Agent.PID, syscall.SIGKILL); err != nil { // it leads its group and session
		t.Fatal(err)
	}
	s.mended(time.Now())
}

// systemd's KillMode=control-group kills whatever is in the unit's group.
func TestTheReaperOutlivesTheControlGroup(t *testing.T) {
	mount := "/sys/fs/cgroup"
	if _, err := os.Stat(filepath.Join(mount, "cgroup.procs")); err != nil {
		mount = filepath.Join(mount, "systemd")
	}
	unit := filepath.Join(mount, "faultline-test-"+strconv.Itoa(os.Getpid()))
	roottest.Need(t, "making a control group", os.Mkdir(unit, 0o750))
	t.Cleanup(func() {
		if err := os.Remove(unit); err != nil {
			t.Error(err)
		}
	})
	procs := filepath.Join(unit, "cgroup.procs")
	s := newStage(t)
	state := s.agentBy("sh", "-c", `echo $$ > "$1" && exec "$2"`, "sh", procs, os.Args[0])
	before := time.Now()
	s.until("the group is empty", func() bool {
		text, err := os.ReadFile(procs)
		if err != nil {
			t.Fatal(err)
		}
		for pid := range strings.FieldsSeq(string(text)) {
			n, err := strconv.Atoi(pid)
			if err != nil {
				t.Fatal(err)
			}
			if n == state.Reaper {
				t.Fatal("the reaper is in the unit's group")
			}
			_ = syscall.Kill(n, syscall.SIGKILL)
		}
		return len(text) == 0
	})
	s.mended(before)
}

func TestBothDeadIsUndoneAtTheRestartOfEither(t *testing.T) {
	for name, restart := range map[string]func(*stage) (end func()){
		"reaper": func(s *stage) func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "--ledger", filepath.Join(s.config.Home, "ledger")) //nolint:gosec // the test itself
			cmd.Env = append(os.Environ(), roleKey+"="+reaperName)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			return func() {
				if err := cmd.Wait(); err != nil {
					t.Error(err)
				}
			}
		},
		"agent": func(s *stage) func() {
			faults := s.config.Faults
			s.config.Faults = 0
			next := s.agent()
			s.config.Faults = faults
			return func() { s.kill(next.Agent) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			state := s.agent()
			if err := syscall.Kill(state.Reaper, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			s.kill(state.Agent)
			s.until("the agent is gone", func() bool { return !state.Agent.Alive() })
			if s.target.State() != process.Paused {
				t.Fatal("somebody has undone it")
			}
			before := time.Now()
			end := restart(s)
			t.Logf("from the restart: %s", s.mended(before))
			end()
		})
	}
}

func TestALoneReaperLeavesARunningAgentsFaults(t *testing.T) {
	s := newStage(t)
	state := s.agent()
	var out bytes.Buffer
	if code := reap([]string{"--ledger", s.ledger.Dir()}, &out); code != 0 {
		t.Errorf("exit code %d: %s", code, out.String())
	}
	if s.target.State() != process.Paused {
		t.Error("it undid the faults of an agent that runs")
	}
	s.kill(state.Agent)
	s.mended(time.Now())
}

func TestALifeTimeEndsThoughTheAgentDoesNothing(t *testing.T) {
	s := newStage(t)
	s.config.Life = 300 * time.Millisecond
	state := s.agentBy(os.Args[0])
	s.mended(time.Now())
	s.told("deadline")
	if !state.Agent.Alive() {
		t.Error("the agent was killed")
	}
}

func TestTheHaltFileEndsEverything(t *testing.T) {
	s := newStage(t)
	state := s.agent()
	if err := os.WriteFile(filepath.Join(s.config.Home, ledger.HaltFileName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Logf("halt file to faults gone: %s", s.mended(time.Now()))
	s.told("halt")
	if _, ok := s.ledger.Latched(); !ok || !state.Agent.Alive() {
		t.Errorf("latched %v, the agent runs %v", ok, state.Agent.Alive())
	}
}

// child starts a reaper for the test itself.
func (s *stage) child(command ...string) *reaper.Child {
	s.t.Helper()
	c, err := reaper.Start(s.t.Context(), reaper.StartConfig{
		Command: command, Env: []string{"GORACE=atexit_sleep_ms=0", roleKey + "=" + reaperName},
		Ledger: s.ledger, Home: s.config.Home, Silence: time.Minute, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func TestAReaperEndsWithItsAgentInOrder(t *testing.T) {
	s := newStage(t)
	c := s.child(os.Args[0])
	if err := syscall.Kill(c.PID(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	c.Beat(false)
	if err := s.config.inject(t.Context(), s.ledger, "e/0"); err != nil {
		t.Fatal(err)
	}
	s.until("it says that it goes on", func() bool {
		log, err := os.ReadFile(filepath.Join(s.ledger.Dir(), "reaper.log"))
		return err == nil && bytes.Contains(log, []byte("asked to end while the agent runs"))
	})
	if s.target.State() != process.Paused || !c.Watches() {
		t.Error("asked to end, it undid or ended while its agent was well")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	s.config.Faults = 1
	s.mended(time.Now())
	if left, _ := filepath.Glob(fmt.Sprintf("/sys/fs/cgroup/*/faultline-reaper-%d", c.PID())); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func TestAnAgentLearnsThatItsReaperDied(t *testing.T) {
	s := newStage(t)
	c := s.child(os.Args[0])
	if err := syscall.Kill(c.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-c.Done()
	c.Beat(false) // into a pipe that nobody reads
	if c.Watches() {
		t.Error("a dead one watches")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestAReaperThatCannotStartIsAnError(t *testing.T) {
	s := newStage(t)
	_, err := reaper.Start(t.Context(), reaper.StartConfig{
		Command: []string{"false"}, Ledger: s.ledger, Home: s.config.Home, Silence: time.Second, Log: slog.New(slog.DiscardHandler),
	})
	if err == nil || !strings.Contains(err.Error(), "reaper.log") {
		t.Errorf("got %v, want an error that says where to look", err)
	}
}

// TestAReaperIsSmall measures the real binary: the test's own is another. It
// holds what the reaper itself takes. How much of the program's file is mapped
// beside it depends on what else the machine does; bench-halt measures it.
func TestAReaperIsSmall(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "faultline")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".") //nolint:gosec // our own
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := newStage(t)
	c := s.child(binary, reaperName)
	for range 20 {
		c.Beat(false)
		<-time.After(50 * time.Millisecond)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.PID()))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		if !strings.Contains(name, "Rss") && name != "VmRSS" {
			continue
		}
		t.Log(strings.TrimSpace(line))
		kib, err := strconv.Atoi(strings.Fields(value)[0])
		if err != nil {
			t.Fatal(err)
		}
		if name == "RssAnon" && kib > 6<<10 {
			t.Errorf("a reaper at rest takes %d KiB of its own, want at most 6 MiB", kib)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/k2-platform/faultline/faults/pause"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/ledger/reaper"
	"github.com/k2-platform/faultline/spec"
)

// What the test binary does as another process.
const (
	roleKey   = "FAULTLINE_TEST_ROLE"
	configKey = "FAULTLINE_TEST_AGENT"
	agentRole = "agent"
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleKey) {
	case agentRole:
		if err := agent(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case reaperName:
		os.Exit(reap(os.Args[1:], os.Stderr))
	default:
		testscript.Main(m, map[string]func(){"faultline": main})
	}
}

// agentConfig is what an agent is told by its environment.
type agentConfig struct {
	Home    string
	Target  string // its record
	Faults  int
	Life    time.Duration
	Silence time.Duration
}

// agentState is what it tells once its faults are in place.
type agentState struct {
	Agent  process.Record
	Reaper int
}

func (c agentConfig) ready() string { return filepath.Join(c.Home, "ready.json") }

// agent undoes what an earlier one left, starts a reaper, pauses its target as
// often as it is told, and beats until it is killed.
func agent() error {
	var c agentConfig
	if err := json.Unmarshal([]byte(os.Getenv(configKey)), &c); err != nil {
		return err
	}
	ctx := context.Background()
	l, err := ledger.Open(filepath.Join(c.Home, "ledger"))
	if err != nil {
		return err
	}
	live, err := l.Live(ctx)
	for _, r := range live {
		_, uerr := l.Undo(ctx, r.ID, "agent_restart", "agent", pause.Driver{}.Rollback)
		err = errors.Join(err, uerr)
	}
	if err != nil {
		return err
	}
	child, err := reaper.Start(ctx, reaper.StartConfig{
		Command: []string{os.Args[0]}, Env: []string{"GORACE=atexit_sleep_ms=0", roleKey + "=" + reaperName},
		Ledger: l, Home: c.Home, Silence: c.Silence, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	for i := range c.Faults {
		if err := c.inject(ctx, l, fmt.Sprintf("e/%d", i)); err != nil {
			return err
		}
	}
	self, err := process.Self("agent", "")
	if err != nil {
		return err
	}
	raw, err := json.Marshal(agentState{self, child.PID()})
	if err == nil {
		err = process.WriteFile(c.ready(), raw, 0o600)
	}
	for err == nil {
		child.Beat(false)
		<-time.After(50 * time.Millisecond)
	}
	return err
}

func (c agentConfig) inject(ctx context.Context, l *ledger.Ledger, id string) error {
	d := pause.Driver{}
	r, err := d.Plan(ctx, spec.Fault{Kind: pause.Kind, Target: "t"}, spec.Target{Process: &spec.Process{Record: c.Target}})
	if err != nil {
		return err
	}
	r.ID, r.Experiment, r.Expires = id, "e", ledger.Boottime()+c.Life
	if err := l.Put(ctx, r); err != nil {
		return err
	}
	return l.Inject(ctx, d, r)
}

// stage is a target, and the agents that break it.
type stage struct {
	t      *testing.T
	config agentConfig
	target process.Record
	ledger *ledger.Ledger
}

func newStage(t *testing.T) *stage {
	t.Helper()
	home := t.TempDir()
	s := &stage{t: t, config: agentConfig{
		Home: home, Target: filepath.Join(home, "target.json"), Faults: 2, Life: time.Hour, Silence: 2 * time.Second,
	}}
	var err error
	s.target, err = process.Start(t.Context(), process.Record{Name: "target", Command: []string{"sleep", "600"}, Dir: home})
	if err == nil {
		err = s.target.Write(s.config.Target)
	}
	if err == nil {
		s.ledger, err = ledger.Open(filepath.Join(home, "ledger"))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.kill(s.target) })
	return s
}

// agent starts one and waits until the target is broken.
func (s *stage) agent() agentState {
	s.t.Helper()
	state := s.agentBy(os.Args[0])
	if s.config.Faults > 0 && s.target.State() != process.Paused {
		s.t.Fatal("the target is not broken")
	}
	return state
}

func (s *stage) agentBy(command ...string) agentState {
	s.t.Helper()
	raw, err := json.Marshal(s.config)
	if err == nil {
		if err = os.Remove(s.config.ready()); errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	}
	if err != nil {
		s.t.Fatal(err)
	}
	started, err := process.Start(s.t.Context(), process.Record{
		Name: "agent", Command: command, Dir: s.config.Home, Log: filepath.Join(s.config.Home, "agent.log"),
		Env: []string{"GORACE=atexit_sleep_ms=0", roleKey + "=" + agentRole, configKey + "=" + string(raw)},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	var state agentState
	s.until("the agent's faults are in place", func() bool {
		raw, err := os.ReadFile(s.config.ready())
		return err == nil && json.Unmarshal(raw, &state) == nil
	})
	one, err := process.Record{Name: "reaper", PID: state.Reaper}.Identified()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		s.kill(started)
		s.until("the reaper is gone", func() bool { return !one.Alive() })
	})
	return state
}

func (s *stage) kill(r process.Record) {
	s.t.Helper()
	if err := process.Signal(r, syscall.SIGKILL); err != nil && !errors.Is(err, process.ErrNotSame) {
		s.t.Error(err)
	}
}

// mended waits until no fault is in place, and says how long that took.
func (s *stage) mended(since time.Time) time.Duration {
	s.t.Helper()
	s.until("the faults are gone", func() bool {
		for i := range s.config.Faults {
			if !s.ledger.Buried(fmt.Sprintf("e/%d", i)) {
				return false
			}
		}
		return s.target.State() == process.Running
	})
	return time.Since(since)
}

func (s *stage) told(cause string) {
	s.t.Helper()
	got, ok, err := s.ledger.Tombstone("e/0")
	if !ok || err != nil || got.Cause != cause {
		s.t.Errorf("the tombstone says %+v, %v, %v; want %s", got, ok, err, cause)
	}
}

func (s *stage) until(what string, ok func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); <-time.After(200 * time.Microsecond) {
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(s.config.Home, "ledger", "reaper.log"))
			more, _ := os.ReadFile(filepath.Join(s.config.Home, "agent.log"))
			s.t.Fatalf("it never came to this: %s\nreaper: %s\nagent: %s", what, log, more)
		}
	}
}

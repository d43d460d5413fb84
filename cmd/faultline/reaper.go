package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/ledger/reaper"
)

const (
	reaperName = "reaper"
	pulseFD    = 3 // the agent's heartbeat
	readyFD    = 4 // told once that the agent is watched
)

// reaperCommand is for those who look for it in the help: main has handled it
// before this tree was built, to stay small.
func reaperCommand() *cobra.Command {
	return &cobra.Command{
		Use: reaperName, Hidden: true, DisableFlagParsing: true,
		Short: "Undo the faults of an agent that is dead or silent",
		RunE: func(cmd *cobra.Command, args []string) error {
			if code := reap(args, cmd.ErrOrStderr()); code != experiment.ExitUpheld {
				return exitError(code)
			}
			return nil
		},
	}
}

// reap runs a reaper: for the agent that started it, or, with a ledger alone,
// once for what a dead one left.
func reap(args []string, problems io.Writer) int {
	flags := flag.NewFlagSet("faultline reaper", flag.ContinueOnError)
	flags.SetOutput(problems)
	dir := flags.String("ledger", "", "the ledger's folder")
	home := flags.String("home", "", "state folder; default: where the ledger lies")
	pid := flags.Int("agent-pid", 0, "the agent that started it, whose heartbeat comes on descriptor 3")
	start := flags.String("agent-start", "", "the agent's start, in clock ticks after boot")
	silence := flags.Duration("silence", 3*time.Second, "how long the agent may be silent before it is killed")
	if err := flags.Parse(args); err != nil {
		return experiment.ExitInvalid
	}
	log := slog.New(slog.NewTextHandler(problems, nil)).With("part", reaperName)
	err := errors.New("starting the reaper: --ledger names no folder")
	if *dir != "" {
		if *home == "" {
			*home = filepath.Dir(*dir)
		}
		err = runReaper(*dir, *home, process.Record{Name: "agent", PID: *pid, StartTime: *start}, *silence, log)
	}
	if err != nil {
		log.Error("the reaper ends", "error", err)
		return experiment.ExitNotRecovered
	}
	return experiment.ExitUpheld
}

func runReaper(dir, home string, agent process.Record, silence time.Duration, log *slog.Logger) error {
	// Its log may go to one who is gone; that must not end it.
	signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := ledger.Open(dir)
	if err != nil {
		return err
	}
	c := reaper.Config{
		Ledger: l, Undo: rollBack(drivers.All(home)), Silence: silence, Log: log,
		HaltFile: filepath.Join(home, ledger.HaltFileName),
	}
	if agent.PID == 0 {
		c.Agent, c.Once = reaper.AgentOf(dir), true
		return reaper.Run(ctx, c)
	}
	if agent.BootID, err = ledger.BootID(); err != nil {
		return err
	}
	c.Agent = agent
	pulse, err := inherited(pulseFD)
	if err != nil {
		return err
	}
	defer pulse.Close() //nolint:errcheck // it was only read
	c.Heartbeat = pulse
	group, err := reaper.OwnCgroup()
	if err != nil {
		log.Warn("no control group of its own: who kills the agent's whole unit kills the reaper; set KillMode=mixed there", "error", err)
	}
	defer group.Leave()
	c.Ready, c.Gone = func() { watching(log, agent.PID, group) }, reaper.Hurry
	return reaper.Run(ctx, c)
}

// watching makes the process small and tells the agent that it may inject.
func watching(log *slog.Logger, agent int, group reaper.Cgroup) {
	spared := reaper.Spare()
	ready, err := inherited(readyFD)
	if err == nil {
		_, err = ready.Write([]byte{1})
		err = errors.Join(err, ready.Close())
	}
	log.Info("watching", "agent", agent, "session", "its own", "cgroup", group.String(), "spared", spared == nil)
	if err = errors.Join(err, reaper.Lighten()); err != nil {
		log.Warn("starting the reaper", "error", err)
	}
}

// inherited takes a pipe over from the agent; no target that the reaper starts
// again may keep it.
func inherited(fd int) (*os.File, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFIFO {
		return nil, fmt.Errorf("taking descriptor %d over: %w; only an agent gives --agent-pid", fd, errors.Join(errors.New("it is no pipe"), err))
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, fmt.Errorf("taking descriptor %d over: %w", fd, err)
	}
	return os.NewFile(uintptr(fd), "pipe"), nil
}

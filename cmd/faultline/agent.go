package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/handlers/remote"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/ledger/reaper"
)

// defaultSilence is how long an agent may be silent before its reaper kills it.
const defaultSilence = 3 * time.Second

// agentFlags are what an agent is told beside the settings.
type agentFlags struct {
	name, targets, nats string
	withParent          bool
	silence             time.Duration
}

func agentCommand(w *where) *cobra.Command {
	var f agentFlags
	cmd := &cobra.Command{
		Use: "agent", Short: "Break and mend targets on this host, as the pipeline asks", Args: cobra.NoArgs,
		Long: "Runs until it is interrupted, and then undoes whatever is still in place. It needs NATS, and a state\n" +
			"folder on a local disk for its ledger; Kafka it does not need. While NATS is away it undoes what its\n" +
			"ledger holds, and waits. A reaper, a process of its own, undoes the faults of an agent that dies.\n" +
			"Prints one line once it is ready. Exit code 4 when a fault is still in place at the end.",
		RunE: func(cmd *cobra.Command, _ []string) error { return w.agent(cmd, f) },
	}
	cmd.Flags().StringVar(&f.name, "name", "", "its name, one word that no other agent has; default the host's")
	cmd.Flags().StringVar(&f.targets, "targets", "", "platform description that names what can be broken here; default that of the pipeline")
	cmd.Flags().StringVar(&f.nats, "nats", "", "NATS server; default that of the settings, or of the pipeline that runs on the state folder")
	cmd.Flags().BoolVar(&f.withParent, "with-parent", false, "end when standard input does: for a parent that may die")
	cmd.Flags().DurationVar(&f.silence, "silence", defaultSilence, "how long it may be silent before its reaper kills it")
	_ = cmd.Flags().MarkHidden("silence") // the flag is there
	cmd.AddCommand(forgetCommand(w))
	return cmd
}

func (w *where) agent(cmd *cobra.Command, f agentFlags) (err error) {
	signal.Ignore(syscall.SIGPIPE) // a parent that died reads no log; that must not end the undoing
	s, err := w.settings()
	if err != nil {
		return err
	}
	s.NATS.URL = cmp.Or(f.nats, s.NATS.URL)
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("naming the agent: %w; give it a --name", err)
	}
	f.name = cmp.Or(f.name, agentName(host))
	if err := halt.CheckName(f.name); err != nil {
		return err
	}
	release, err := claimLedger(s.Home, f.name)
	if errors.Is(err, process.ErrClaimed) {
		return err
	}
	if err != nil {
		return errors.Join(err, w.undo(cmd, nil)) // it will not serve, but what an earlier life left goes
	}
	defer func() { err = errors.Join(err, release()) }()
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil)).With("agent", f.name)
	at := &targets{file: cmp.Or(f.targets, s.PlatformOrDefault()), log: log}
	if _, err := at.read(); err != nil && f.targets != "" {
		return errors.Join(err, w.undo(cmd, nil))
	}
	receipts, err := ledger.Open(ledgerDir(s.Home))
	if err != nil {
		return err
	}
	own, err := lakeOf(s)
	if err != nil {
		return err
	}
	l := &agentLink{settings: s, name: f.name, log: log, ready: func() {
		if err := reaper.GiveBack(); err != nil {
			log.Warn("the agent is larger than it need be", "error", err)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "agent %s is ready, targets: %s\n", f.name, names(at.names())) //nolint:errcheck // whoever does not read it need not know
	}}
	a := remote.New(remote.Config{
		Name: f.name, Instance: rand.Text(), Host: host, Drivers: drivers.All(s.Home).WithLake(own), Ledger: receipts, Log: log,
		Target: at.find, Targets: at.names, Send: l.send, HaltFile: filepath.Join(s.Home, ledger.HaltFileName),
		Watch: func(ctx context.Context) (remote.Reaper, error) {
			return startReaper(ctx, receipts, s.Home, f.silence, log)
		},
		Manual: func(receipt string) string { return fmt.Sprintf("faultline --home %s ledger undo %s", s.Home, receipt) },
	})
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	if f.withParent {
		go func() {
			_, _ = io.Copy(io.Discard, cmd.InOrStdin())
			log.Info("its parent ends, or is gone: undoing everything")
			stop()
		}()
	}

	if err := l.run(ctx, a, receipts); err != nil {
		if errors.Is(err, halt.ErrNameTaken) {
			return err
		}
		return stillInPlace(cmd.ErrOrStderr(), err)
	}
	return nil
}

// ledgerDir is where the receipts of a state folder lie.
func ledgerDir(home string) string { return filepath.Join(home, "ledger") }

func claimFile(home string) string { return filepath.Join(ledgerDir(home), "agent.lock") }

// claimLedger keeps a second agent off a ledger.
func claimLedger(home, name string) (release func() error, err error) {
	if err := os.MkdirAll(ledgerDir(home), 0o700); err != nil {
		return nil, fmt.Errorf("making the ledger's folder: %w", err)
	}
	release, err = process.Claim(claimFile(home), fmt.Sprintf("agent %s, pid %d", name, os.Getpid()))
	if errors.Is(err, process.ErrClaimed) {
		return nil, fmt.Errorf("another agent has the ledger in %s: %w; end that one, or give this one another --home", home, err)
	}
	return release, err
}

func startReaper(ctx context.Context, l *ledger.Ledger, home string, silence time.Duration, log *slog.Logger) (remote.Reaper, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	child, err := reaper.Start(ctx, reaper.StartConfig{Command: []string{self, reaperName}, Ledger: l, Home: home, Silence: silence, Log: log})
	if err != nil {
		return nil, err
	}
	return child, nil
}

// stillInPlace says that an agent ended and could not undo everything.
func stillInPlace(cmd io.Writer, err error) error {
	fmt.Fprintln(cmd, "faultline:", err) //nolint:errcheck // the exit code tells
	return exitError(experiment.ExitNotRecovered)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/experiments"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/sandbox/broker"
)

const (
	demoDocument = "kafka-broker-stop.yaml"
	demoReady    = 30 * time.Second
	demoEnd      = 45 * time.Second
)

func demoCommand() *cobra.Command {
	var d demonstration
	cmd := &cobra.Command{
		Use: "demo", Short: "Start the sandbox and the pipeline, stop the broker, print the verdict, end everything", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := settings.Load("", d.home)
			if err != nil {
				return err
			}
			d.home, d.out = s.Home, cmd.OutOrStdout()
			return d.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&d.home, "home", "", "state folder; default $FAULTLINE_HOME or ./.faultline")
	cmd.Flags().StringVar(&d.trades, "trades", os.Getenv("FAULTLINE_TRADES"), "folder of recorded trades; default $FAULTLINE_TRADES, else a seeded generator")
	cmd.Flags().BoolVar(&d.oneKafka, "one-kafka", false, "keep the log of the experiment on the very broker that it stops")
	return cmd
}

// demonstration is one run of the demo.
type demonstration struct {
	home, trades string
	oneKafka     bool
	out          io.Writer
}

// run ends with the exit code of the experiment.
func (d demonstration) run(ctx context.Context) (err error) {
	runtime.LockOSThread() // what dies with its parent dies with the parent's thread
	defer runtime.UnlockOSThread()
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	light, err := findLight()
	if err != nil {
		return err
	}
	document := filepath.Join(d.home, demoDocument)
	if err := writeDocument(document); err != nil {
		return err
	}
	sandboxArgs := []string{"sandbox", "up", "--home", d.home}
	if d.trades != "" {
		sandboxArgs = append(sandboxArgs, "--trades", d.trades)
	}
	say(d.out, "1. starting a K2-shaped sandbox: broker, registry, ingestion, sink, query API, store")
	platform := filepath.Join(d.home, "sandbox", "platform.yaml")
	sandbox, err := startPart(d.home, "sandbox", platform, append([]string{self}, sandboxArgs...))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sandbox.end()) }()
	pipelineArgs := []string{self, "up", "--home", d.home}
	if d.oneKafka {
		if err := sandbox.ready(ctx, demoReady); err != nil {
			return err
		}
		addr, err := broker.Addr(d.home)
		if err != nil {
			return err
		}
		pipelineArgs = append(pipelineArgs, "--kafka", addr)
	}
	say(d.out, "2. starting the pipeline: decide, agent, samplers, judge, projections")
	pipeline, err := startPart(d.home, "pipeline", filepath.Join(d.home, "up.yaml"), pipelineArgs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pipeline.end()) }()
	for _, p := range []*part{sandbox, pipeline} {
		if err := p.ready(ctx, demoReady); err != nil {
			return err
		}
	}
	say(d.out, "3. running "+demoDocument+" with its demo profile\n")
	run := exec.CommandContext(ctx, light, "run", document, "--profile", "demo", "--home", d.home) //nolint:gosec // the binary beside this one
	run.Stdin, run.Stdout, run.Stderr = os.Stdin, d.out, os.Stderr
	run.Cancel = func() error { return run.Process.Signal(syscall.SIGTERM) }
	run.WaitDelay = demoEnd
	failed := run.Run()
	say(d.out, "\n4. ending the pipeline and the sandbox")
	if err := errors.Join(pipeline.end(), sandbox.end()); err != nil {
		return err
	}
	sayTables(d.out, d.home)
	if code, ok := errors.AsType[*exec.ExitError](failed); ok {
		return exitCode(code.ExitCode())
	}
	return failed
}

func writeDocument(path string) error {
	text, err := experiments.Files.ReadFile(demoDocument)
	if err != nil {
		return fmt.Errorf("reading the demo's document: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("making the state folder: %w", err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("writing the demo's document: %w", err)
	}
	return nil
}

func say(out io.Writer, line string) {
	fmt.Fprintln(out, line) //nolint:errcheck // a closed terminal stops nothing
}

func sayTables(out io.Writer, home string) {
	db, warehouse := filepath.Join(home, "lake", "catalog.db"), filepath.Join(home, "lake", "warehouse")
	say(out, `
The trades and the outcome stand in Iceberg tables below `+filepath.Join(home, "lake")+`:
  market_data.trades_v2, chaos.experiments, chaos.events, chaos.readings, chaos.faults, chaos.verdicts,
  chaos.record_ledger, chaos.dlq_audit, chaos.integrity_checks, chaos.ground_truth
Read them with
  faultline:  faultline --home `+home+` list      and then: faultline --home `+home+` show ID
  pyiceberg:  SqlCatalog("faultline", uri="sqlite:///`+db+`", warehouse="file://`+warehouse+`").load_table("chaos.verdicts").scan().to_pandas()
  DuckDB:     SELECT * FROM read_parquet('`+warehouse+`/chaos/verdicts/data/**/*.parquet')`)
}

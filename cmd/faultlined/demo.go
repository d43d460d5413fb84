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
)

const (
	demoDocument = "kafka-broker-stop.yaml"
	demoReady    = 30 * time.Second
	demoEnd      = 45 * time.Second
)

func demoCommand() *cobra.Command {
	var home, trades string
	cmd := &cobra.Command{
		Use: "demo", Short: "Start the sandbox and the pipeline, stop the broker, print the verdict, end everything", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := settings.Load("", home)
			if err != nil {
				return err
			}
			return demo(cmd.Context(), s.Home, trades, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&home, "home", "", "state folder; default $FAULTLINE_HOME or ./.faultline")
	cmd.Flags().StringVar(&trades, "trades", os.Getenv("FAULTLINE_TRADES"), "folder of recorded trades; default $FAULTLINE_TRADES, else a seeded generator")
	return cmd
}

// demo ends with the exit code of the run.
func demo(ctx context.Context, home, trades string, out io.Writer) (err error) {
	runtime.LockOSThread() // what dies with its parent dies with the parent's thread
	defer runtime.UnlockOSThread()
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	light := filepath.Join(filepath.Dir(self), "faultline")
	document := filepath.Join(home, demoDocument)
	if err := writeDocument(document); err != nil {
		return err
	}
	sandboxArgs := []string{"sandbox", "up", "--home", home}
	if trades != "" {
		sandboxArgs = append(sandboxArgs, "--trades", trades)
	}
	say(out, "1. starting a K2-shaped sandbox: broker, registry, ingestion, sink, query API, store")
	platform := filepath.Join(home, "sandbox", "platform.yaml")
	sandbox, err := startPart(home, "sandbox", platform, append([]string{self}, sandboxArgs...))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sandbox.end()) }()
	say(out, "2. starting the pipeline: decide, agent, samplers, judge, projections")
	pipeline, err := startPart(home, "pipeline", filepath.Join(home, "up.yaml"), []string{self, "up", "--home", home})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pipeline.end()) }()
	for _, p := range []*part{sandbox, pipeline} {
		if err := p.ready(ctx, demoReady); err != nil {
			return err
		}
	}
	say(out, "3. running "+demoDocument+" with its demo profile\n")
	run := exec.CommandContext(ctx, light, "run", document, "--profile", "demo", "--home", home) //nolint:gosec // the binary beside this one
	run.Stdin, run.Stdout, run.Stderr = os.Stdin, out, os.Stderr
	run.Cancel = func() error { return run.Process.Signal(syscall.SIGTERM) }
	run.WaitDelay = demoEnd
	failed := run.Run()
	say(out, "\n4. ending the pipeline and the sandbox")
	if err := errors.Join(pipeline.end(), sandbox.end()); err != nil {
		return err
	}
	sayTables(out, home)
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
  chaos.dlq_audit, chaos.integrity_checks
Read them with
  faultline:  faultline --home `+home+` list      and then: faultline --home `+home+` show ID
  pyiceberg:  SqlCatalog("faultline", uri="sqlite:///`+db+`", warehouse="file://`+warehouse+`").load_table("chaos.verdicts").scan().to_pandas()
  DuckDB:     SELECT * FROM read_parquet('`+warehouse+`/chaos/verdicts/data/**/*.parquet')`)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/internal/settings"
)

func upPipelineCommand() *cobra.Command {
	var f settingsFlags
	var verbose bool
	cmd := &cobra.Command{
		Use: "up", Short: "Run the pipeline: decide, inject, sample, judge, project; until interrupted", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := f.load()
			if err != nil {
				return err
			}
			level := slog.LevelInfo
			if verbose {
				level = slog.LevelDebug
			}
			log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
			return up(cmd.Context(), s, log, cmd.OutOrStdout())
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&verbose, "verbose", false, "log what is done in between, too")
	return cmd
}

// up runs the pipeline until ctx ends. It returns once every fault is undone
// and every row is in its table.
func up(ctx context.Context, s settings.Settings, log *slog.Logger, out io.Writer) (err error) {
	release, err := claimHome(s.Home)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	embedded, err := startServers(&s)
	if err != nil {
		return fmt.Errorf("starting the pipeline: %w", err)
	}
	defer func() { err = errors.Join(err, embedded.Close()) }()
	p, err := openPipeline(ctx, s, embedded.nats != nil, log)
	if err != nil {
		return fmt.Errorf("starting the pipeline: %w", err)
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	defer func() { err = errors.Join(err, s.Withdraw()) }()
	return p.run(ctx, func() {
		s.HTTP.Addr = p.web.Addr()
		if err := s.Announce(); err != nil {
			log.Error("clients will not find this pipeline", "error", err)
		}
		lake, behind := p.lakeAt, p.behind()
		if behind != "" {
			behind = "  behind   " + behind + "\n"
		}
		fmt.Fprintf(out, "faultline is up\n  state    %s\n  kafka    %v\n  nats     %s\n  http     http://%s/health, /metrics, POST /halt\n  tables   %s catalog %s, warehouse %s\n%sschedule with: faultline run FILE\n", //nolint:errcheck // a closed terminal stops nothing
			s.Home, s.Kafka.Brokers, s.NATS.URL, s.HTTP.Addr, lake.Kind, lake.URI, lake.Warehouse, behind)
	})
}

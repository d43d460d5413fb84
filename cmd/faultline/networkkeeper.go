package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/faults/network"
)

// keeperCommand is for those who look for it in the help: main has handled it
// before this tree was built, to stay small.
func keeperCommand() *cobra.Command {
	return &cobra.Command{
		Use: network.KeeperCommand, Hidden: true, DisableFlagParsing: true,
		Short: "Hold a network fault for the agent that started it",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if code := keepNetwork(cmd.ErrOrStderr()); code != experiment.ExitUpheld {
				return exitError(code)
			}
			return nil
		},
	}
}

// keepNetwork holds the fault that an agent tells on standard input.
func keepNetwork(problems io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := network.Keep(ctx, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(problems, "faultline:", err) //nolint:errcheck // its agent was told
		return experiment.ExitInvalid
	}
	return experiment.ExitUpheld
}

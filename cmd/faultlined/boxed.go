package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/k2-platform/faultline/sandbox/service"
)

// listenFlag is how a service is told its place, in a container of its own for
// instance.
func listenFlag(flags *pflag.FlagSet, addr *string) {
	flags.StringVar(addr, "listen", "", "host:port to listen at; whoever reaches it may use the service; default the address of the last start, or a free loopback port")
}

// healthyCommand is the check that a container of a service makes of itself:
// its image has no other program.
func healthyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "healthy ADDRESS", Short: "Ask a service for its health; the exit code tells", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return askHealth(cmd.Context(), args[0]) },
	}
}

func askHealth(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	url := service.URL(addr) + "/health"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking for health: %w; write host:port", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("asking for health: %w; see the log of the service", err)
	}
	if err := res.Body.Close(); err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("asking for health: %s says %s; see the log of the service", url, res.Status)
	}
	return nil
}

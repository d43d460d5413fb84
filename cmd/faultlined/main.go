// Command faultlined is the daemon: what needs Iceberg. `faultline` starts it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	root := &cobra.Command{Use: "faultlined", Short: "The daemon of Faultline", SilenceUsage: true, SilenceErrors: true}
	root.AddCommand(sandboxCommand())
	err := root.ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "faultlined:", err)
		os.Exit(1)
	}
}

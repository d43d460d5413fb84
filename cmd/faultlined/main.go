// Command faultlined is the daemon: what needs Iceberg. `faultline` starts it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/experiment"
)

// exitCode ends the program with a code of its own; what there was to say has
// been said.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	root := &cobra.Command{Use: "faultlined", Short: "The daemon of Faultline", SilenceUsage: true, SilenceErrors: true}
	root.AddCommand(upPipelineCommand(), demoCommand(), sandboxCommand(), showCommand(), listCommand(), auditCommand(), checksCommand(), lakeCommand())
	err := root.ExecuteContext(ctx)
	stop()
	var code exitCode
	switch {
	case err == nil:
	case errors.As(err, &code):
		os.Exit(int(code))
	default:
		fmt.Fprintln(os.Stderr, "faultlined:", err)
		os.Exit(experiment.ExitInvalid)
	}
}

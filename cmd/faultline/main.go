// Command faultline is the light binary: the command line of Faultline. It
// links neither Iceberg nor Arrow.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/faults/network"
)

func main() {
	// These stay small: nothing else is built for them.
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case reaperName:
			os.Exit(reap(os.Args[2:], os.Stderr))
		case network.KeeperCommand:
			os.Exit(keepNetwork(os.Stderr))
		}
	}
	if len(os.Args) > 1 {
		if what := doer(os.Args[1]); what != nil {
			os.Exit(do(what, os.Stdin, os.Stderr))
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// exitError ends the program with a code of its own; what there was to say
// has been said.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func run(ctx context.Context, args []string, out, problems io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(problems)
	err := root.ExecuteContext(ctx)
	var code exitError
	switch {
	case err == nil:
		return experiment.ExitUpheld
	case errors.As(err, &code):
		return int(code)
	}
	if _, werr := fmt.Fprintln(problems, "faultline:", err); werr != nil {
		return experiment.ExitInvalid
	}
	return experiment.ExitInvalid
}

package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/faults/container"
	"github.com/k2-platform/faultline/faults/cpu"
	"github.com/k2-platform/faultline/faults/memory"
	"github.com/k2-platform/faultline/faults/restartloop"
)

// doer is what a command does that is a fault for as long as it runs; nil for
// other commands. An agent starts it, blocked, and says on its standard input
// what it is to do.
func doer(command string) func(io.Reader) error {
	switch command {
	case memory.Command:
		return memory.Hold
	case cpu.Command:
		return cpu.Burn
	case restartloop.Command:
		return restartloop.Loop
	case container.Command:
		return container.Loop
	}
	return nil
}

// do runs it to its end, which is never what was asked for: who undoes the
// fault kills it.
func do(what func(io.Reader) error, in io.Reader, problems io.Writer) int {
	fmt.Fprintln(problems, "faultline:", what(in)) //nolint:errcheck // nobody is left to be told
	return experiment.ExitInvalid
}

// doerCommand is for those who look for it in the help: main has handled it
// before this tree was built, to stay small.
func doerCommand(name, short string) *cobra.Command {
	return &cobra.Command{
		Use: name, Hidden: true, Short: short,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return exitError(do(doer(name), cmd.InOrStdin(), cmd.ErrOrStderr()))
		},
	}
}

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
)

// daemonCommand hands over to the daemon, which links what the services and
// the tables need. The process is replaced, so signals and exit codes are the
// daemon's.
func daemonCommand(use, short string) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return handOver(append([]string{cmd.Name()}, args...))
		},
	}
}

func handOver(args []string) error {
	daemon, err := findDaemon()
	if err != nil {
		return err
	}
	return fmt.Errorf("starting %s: %w", daemon, syscall.Exec(daemon, append([]string{daemon}, args...), os.Environ())) //nolint:gosec // the daemon beside this binary
}

// findDaemon looks where $FAULTLINED says, beside this binary, and on the path.
func findDaemon() (string, error) {
	if named := os.Getenv("FAULTLINED"); named != "" {
		return named, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this program: %w", err)
	}
	beside := filepath.Join(filepath.Dir(self), "faultlined")
	if _, err := os.Stat(beside); err == nil {
		return beside, nil
	}
	found, err := exec.LookPath("faultlined")
	if err != nil {
		return "", errors.Join(errors.New("finding faultlined: it is neither beside this program nor on the path; build both with make build, or name it in $FAULTLINED"), err)
	}
	return found, nil
}

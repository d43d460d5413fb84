package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// homeFlag is where a process keeps its state: --home, $FAULTLINE_HOME or
// ./.faultline, as an absolute path.
func homeFlag(cmd *cobra.Command) *string {
	return cmd.PersistentFlags().String("home", cmp.Or(os.Getenv("FAULTLINE_HOME"), ".faultline"), "state folder; default $FAULTLINE_HOME or ./.faultline")
}

func absolute(home *string) error {
	abs, err := filepath.Abs(*home)
	if err != nil {
		return fmt.Errorf("finding the state folder %s: %w", *home, err)
	}
	*home = abs
	return nil
}

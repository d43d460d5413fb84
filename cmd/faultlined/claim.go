package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/k2-platform/faultline/internal/process"
)

// claimHome keeps a second pipeline off the state folder.
func claimHome(home string) (release func() error, err error) {
	if err := os.MkdirAll(home, 0o750); err != nil {
		return nil, fmt.Errorf("making the state folder: %w", err)
	}
	release, err = process.Claim(filepath.Join(home, "up.lock"), fmt.Sprintf("pid %d", os.Getpid()))
	if errors.Is(err, process.ErrClaimed) {
		return nil, fmt.Errorf("another pipeline runs on %s: %w; end that one, or give this one another --home", home, err)
	}
	return release, err
}

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// claimHome keeps a second pipeline off the state folder. The kernel frees it
// when the process ends, however that comes about.
func claimHome(home string) (release func() error, err error) {
	if err := os.MkdirAll(home, 0o750); err != nil {
		return nil, fmt.Errorf("making the state folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(home, "up.lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the folder
	if err != nil {
		return nil, fmt.Errorf("claiming the state folder: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errors.Join(fmt.Errorf("claiming %s: another pipeline runs on it; end that one, or give this one another --home", home), f.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("claiming %s: %w", home, err), f.Close())
	}
	return f.Close, nil
}

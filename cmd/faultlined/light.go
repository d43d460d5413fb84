package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// findLight looks for the light binary, which is the agent and its reaper:
// where $FAULTLINE says, beside this binary, and on the path.
func findLight() (string, error) {
	if named := os.Getenv("FAULTLINE"); named != "" {
		return named, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this program: %w", err)
	}
	beside := filepath.Join(filepath.Dir(self), "faultline")
	if _, err := os.Stat(beside); err == nil {
		return beside, nil
	}
	found, err := exec.LookPath("faultline")
	if err != nil {
		return "", errors.Join(errors.New("finding faultline, which is the agent: it is neither beside this program nor on the path; build both with make build, or name it in $FAULTLINE"), err)
	}
	return found, nil
}

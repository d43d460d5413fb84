package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"go.uber.org/goleak"
)

// TestMain is also the binary that the sandbox's processes run, and the daemon
// that the light binary hands over to. The daemon
// starts its agent with the light binary, which is built first.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{"sandbox", "audit"}, os.Args[1]) {
		main()
		return
	}
	dir, err := os.MkdirTemp("", "faultline")
	if err == nil {
		err = buildLight(filepath.Join(dir, "faultline"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building the light binary:", err)
		os.Exit(1)
	}
	// sarama's metrics keep one ticker for the whole process, for good.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"), goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir)
		os.Exit(code)
	}))
}

func buildLight(path string) error {
	cmd := exec.CommandContext(context.Background(), "go", "build", "-o", path, "../faultline") //nolint:gosec // into a folder of our own
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	return os.Setenv("FAULTLINE", path)
}

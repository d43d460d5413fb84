//go:build failpoint

// Package matrix_test kills the parts of Faultline at every numbered point of
// a run: real binaries, built with fail-points, each part a process of its own.
// After each death the fault is seen gone within its bound, the ledger is
// empty, the log has one verdict, and the tables agree with it.
package matrix_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/k2-platform/faultline/internal/embedded"
)

// binaries is the folder of the binaries with fail-points in them.
const binariesVariable = "MATRIX_BINARIES"

// TestMain is also the processes of the matrix that are no binary of their
// own: the NATS server.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "nats":
			serveNATS(os.Args[2], os.Args[3])
			return
		}
	}
	dir, err := os.MkdirTemp("", "matrix")
	if err == nil {
		err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building the binaries with fail-points:", err)
		os.Exit(1)
	}
	if err := os.Setenv(binariesVariable, dir); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func build(dir string) error {
	cmd := exec.Command("go", "build", "-tags", "failpoint", "-o", dir+string(filepath.Separator), "../../cmd/...") //nolint:gosec,noctx // into a folder of our own
	cmd.Env, cmd.Stderr = append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	return cmd.Run()
}

func serveNATS(dir, addr string) {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	n, err := embedded.StartNATS(embedded.NATSConfig{Dir: dir, Addr: addr})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := os.WriteFile(filepath.Join(dir, "addr"), []byte(strings.TrimPrefix(n.URL(), "nats://")), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	<-end
	_ = n.Close()
}

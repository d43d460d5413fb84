package faultstest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/internal/process"
)

// The environment of a child.
const (
	childToken  = "FAULTLINE_CHILD_TOKEN"
	childRecord = "FAULTLINE_CHILD_RECORD"
	childAddr   = "FAULTLINE_CHILD_ADDR"
	childDeaf   = "FAULTLINE_CHILD_DEAF" // how long TERM goes unheard
	childDir    = "FAULTLINE_CHILD_DIR"
)

// Beside is what a child does besides answering its health, until ctx ends:
// what it is to be broken as, where that is more than a process. dir is a folder
// of the target's own. It calls ready once it can be broken.
type Beside func(ctx context.Context, dir string, ready func()) error

// Main is what TestMain of a package that calls Run does: the test binary is
// also the program that is broken. It checks for leaked goroutines.
func Main(m *testing.M) { MainBeside(m, nil) }

// MainBeside is Main for targets that are more than a process; nil is Main.
func MainBeside(m *testing.M, b Beside) {
	if os.Getenv(otherRole) != "" && os.Getenv(childToken) == "" {
		os.Exit(m.Run()) // it may leave a target that it started
	}
	if os.Getenv(childToken) == "" {
		goleak.VerifyTestMain(m)
		return
	}
	if err := child(b); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child answers /health and writes its record until it is told to end.
func child(b Beside) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if b != nil {
		ready, ended := make(chan struct{}), make(chan error, 1)
		go func() { ended <- b(ctx, os.Getenv(childDir), sync.OnceFunc(func() { close(ready) })) }()
		select {
		case err := <-ended:
			return fmt.Errorf("what the child does beside ended at once: %w", err)
		case <-ready:
		}
	}
	addr := os.Getenv(childAddr)
	l, err := listen(ctx, addr)
	if err != nil {
		return err
	}
	if path := os.Getenv(childRecord); path != "" {
		r, err := process.Self("child", addr)
		if err == nil {
			err = r.Write(path)
		}
		if err != nil {
			return err
		}
	}
	// It answers only now: who waits for its health finds it by its record, too.
	web := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	go func() { _ = web.Serve(l) }()
	<-ctx.Done()
	if deaf, err := time.ParseDuration(os.Getenv(childDeaf)); err == nil {
		<-time.After(deaf)
	}
	return web.Close()
}

// listen waits for the address: the child before may be on its way out.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	for deadline := time.Now().Add(5 * time.Second); ; {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline) {
			return l, err
		}
		<-time.After(10 * time.Millisecond)
	}
}

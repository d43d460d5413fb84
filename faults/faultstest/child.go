package faultstest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
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
)

// Main is what TestMain of a package that calls Run does: the test binary is
// also the program that is broken. It checks for leaked goroutines.
func Main(m *testing.M) {
	if os.Getenv(otherRole) != "" && os.Getenv(childToken) == "" {
		os.Exit(m.Run()) // it may leave a target that it started
	}
	if os.Getenv(childToken) == "" {
		goleak.VerifyTestMain(m)
		return
	}
	if err := child(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child answers /health and writes its record until it is told to end.
func child() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
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

//go:build e2e

// Package containers_test breaks containers of a real engine from this
// machine: make e2e-containers. It fails when there is no engine at DOCKER_HOST,
// or at Docker's default socket; it never skips. No image is pulled: the one
// that is broken is this test's own program, and nothing else.
package containers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/faults/container"
	"github.com/k2-platform/faultline/faults/cpu"
	"github.com/k2-platform/faultline/faults/memory"
	"github.com/k2-platform/faultline/faults/network"
)

const (
	serve = "serve" // in a container
	check = "check" // the container's own check of its health
	port  = "8080"
)

func TestMain(m *testing.M) {
	roles := map[string]func() error{
		serve: service, check: healthy,
		memory.Command:    func() error { return memory.Hold(os.Stdin) },
		cpu.Command:       func() error { return cpu.Burn(os.Stdin) },
		container.Command: func() error { return container.Loop(os.Stdin) },
		network.KeeperCommand: func() error {
			return network.Keep(context.Background(), os.Stdin, os.Stdout)
		},
	}
	if len(os.Args) > 1 && roles[os.Args[1]] != nil {
		if err := roles[os.Args[1]](); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// service answers everybody, also about the peer whose name it is asked for.
func service() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s := &http.Server{Addr: ":" + port, ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if peer := r.URL.Query().Get("peer"); peer != "" {
			if err := get(r.Context(), "http://"+peer+":"+port); err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
			}
		}
	})}
	go func() { <-ctx.Done(); _ = s.Close() }()
	if err := s.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func healthy() error {
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	return get(ctx, "http://127.0.0.1:"+port)
}

func get(ctx context.Context, url string) (err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil) //nolint:gosec // of a test
	if err != nil {
		return err
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req) //nolint:gosec // of a test
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	said, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, said)
	}
	return err
}

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/ingest"
	"github.com/k2-platform/faultline/sandbox/query"
	"github.com/k2-platform/faultline/sandbox/registry"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/sandbox/store"
)

const (
	termWithin       = 5 * time.Second  // then KILL
	supervisorWithin = 20 * time.Second // it stops two groups of services
)

// Down stops the platform of a home folder from its records alone: first a
// supervisor that still lives, which would start services again.
func Down(ctx context.Context, home string) error {
	home, err := filepath.Abs(home)
	if err != nil {
		return fmt.Errorf("finding the home folder: %w", err)
	}
	path := service.RecordPath(home, supervisorName)
	if rec, err := process.Read(path); err == nil && rec.PID != os.Getpid() {
		if err := stop(ctx, supervisorName, path, supervisorWithin); err != nil {
			return err
		}
	}
	return stopAll(ctx, home)
}

// stopAll ends every service: those that talk before those they talk to. The
// second round is for one that somebody started again meanwhile.
func stopAll(ctx context.Context, home string) error {
	var errs []error
	for range 2 {
		errs = nil
		for _, group := range [][]string{{ingest.Name, sink.Name, query.Name}, {ProxyName, LinksName}, {store.Name, registry.Name, broker.Name}} {
			errs = append(errs, stopGroup(ctx, home, group))
		}
	}
	return errors.Join(append(errs, removeGroups(ctx, home))...)
}

func stopGroup(ctx context.Context, home string, group []string) error {
	errs := make([]error, len(group))
	var wait sync.WaitGroup
	for i, name := range group {
		wait.Go(func() { errs[i] = stop(ctx, name, service.RecordPath(home, name), termWithin) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// stop ends the process that a record names.
func stop(ctx context.Context, name, path string, within time.Duration) error {
	rec, err := process.Read(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the record of %s: %w", name, err)
	}
	rec.Name = name
	return end(ctx, rec, within)
}

// end ends a process: TERM, and KILL when that does not help, as with a
// stopped process.
func end(ctx context.Context, rec process.Record, within time.Duration) error {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if !rec.Alive() {
			return nil
		}
		if err := process.Signal(rec, sig); err != nil && rec.Alive() {
			return fmt.Errorf("sending %s to %s (pid %d): %w", sig, rec.Name, rec.PID, err)
		}
		if gone(ctx, rec, within) {
			return nil
		}
	}
	return fmt.Errorf("stopping %s: pid %d is still there after KILL", rec.Name, rec.PID)
}

func gone(ctx context.Context, rec process.Record, within time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for rec.Alive() {
		select {
		case <-ctx.Done():
			return !rec.Alive()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return true
}

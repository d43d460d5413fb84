package sandbox_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/sandbox"
	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/ingest"
	"github.com/k2-platform/faultline/sandbox/query"
	"github.com/k2-platform/faultline/sandbox/registry"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/sandbox/store"
)

func everyService() []string {
	return []string{broker.Name, registry.Name, store.Name, sink.Name, query.Name, ingest.Name}
}

func TestTheSupervisorStartsAgainOnlyWhatNoReceiptNames(t *testing.T) {
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	home := t.TempDir()
	r := runner{t: t, home: home, lake: lakeOf(home)}
	t.Cleanup(func() {
		if err := sandbox.Down(context.Background(), home); err != nil {
			t.Error(err)
		}
	})
	var held atomic.Bool
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan sandbox.Addresses, 1), make(chan error, 1)
	go func() {
		done <- sandbox.Up(ctx, sandbox.Config{
			Home: home, Self: []string{os.Args[0], "sandbox"}, Store: true,
			Platform: func(a sandbox.Addresses) ([]byte, error) { return []byte("kafka: " + a.Kafka + "\n"), nil },
			Held:     func(name string) bool { return name == broker.Name && held.Load() },
		}, func(a sandbox.Addresses) { ready <- a })
	}()
	var at sandbox.Addresses
	select {
	case at = <-ready:
	case err := <-done:
		t.Fatalf("the sandbox ended before it was ready: %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(service.Dir(home), "platform.yaml")); err != nil || string(text) != "kafka: "+at.Kafka+"\n" {
		t.Errorf("platform.yaml %q, %v", text, err)
	}
	r.until("rows are stored", func() bool { return len(r.stored()) > 100 })

	kill(t, home, registry.Name)
	r.until("the registry is back", func() bool { return r.healthy(registry.Name) })
	if again := r.addr(registry.Name); again != at.Registry {
		t.Errorf("the registry came back at %s, not %s", again, at.Registry)
	}
	held.Store(true)
	kill(t, home, broker.Name)
	for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if r.healthy(broker.Name) {
			t.Fatal("a service that a receipt names was started")
		}
	}
	held.Store(false)
	r.until("the broker is back", func() bool { return r.healthy(broker.Name) })
	acked := r.position().Acked
	r.until("ingestion goes on", func() bool { return r.position().Acked > acked+100 })

	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("the sandbox ended with: %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the sandbox did not end")
	}
	for _, name := range everyService() {
		if rec, err := process.Read(service.RecordPath(home, name)); err != nil || rec.Alive() {
			t.Errorf("%s: alive %v, %v; want an ended process with a record", name, rec.Alive(), err)
		}
	}
}

func (r runner) healthy(name string) bool {
	status, _ := r.get(name, "/health")
	return status == http.StatusOK
}

// kill ends a service the hard way and waits until it is gone.
func kill(t *testing.T, home, name string) {
	t.Helper()
	rec, err := process.Read(service.RecordPath(home, name))
	if err == nil {
		err = process.Signal(rec, syscall.SIGKILL)
	}
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); rec.Alive() && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
}

package verifier_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/ingest"
	"github.com/k2-platform/faultline/sandbox/k2"
	"github.com/k2-platform/faultline/sandbox/registry"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/spec"
)

// patience is how long anything may take: the machine may be busy.
const patience = 3 * time.Minute

// world is the sandbox's way from ingestion to the table. Broker, registry and
// ingestion run in this process, the sinks in their own.
type world struct {
	t     *testing.T
	home  string
	at    lake.Config
	kafka string
	web   *http.Client

	lake  *lake.Lake
	table *lake.Table[row]
	bus   *bus.Bus

	stopBroker, stopRegistry func()
	sink                     *sinkProcess // the newest
	spoilt                   []spoilt
}

// newWorld starts a broker and a registry.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, home: t.TempDir(), web: &http.Client{Timeout: patience}}
	t.Cleanup(w.web.CloseIdleConnections)
	w.at = lake.Config{Kind: "sql", URI: filepath.Join(w.home, "lake", "catalog.db"), Warehouse: filepath.Join(w.home, "lake", "warehouse")}
	var err error
	w.lake, err = lake.Open(t.Context(), w.at)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.lake.Close()) })
	w.table, err = sink.OpenTable(t.Context(), w.lake)
	require.NoError(t, err)
	w.startBroker()
	w.startRegistry()
	w.kafka, err = broker.Addr(w.home)
	require.NoError(t, err)
	w.bus, err = bus.Open(bus.Config{Brokers: []string{w.kafka}}, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.bus.Close()) })
	return w
}

func (w *world) startBroker() {
	w.stopBroker = w.serve(broker.Name, func(ctx context.Context) error { return broker.Run(ctx, broker.Config{Home: w.home}) })
}

func (w *world) startRegistry() {
	w.stopRegistry = w.serve(registry.Name, func(ctx context.Context) error {
		return registry.Run(ctx, registry.Config{Home: w.home})
	})
}

// ingest plays so many trades, at a rate, until the function that it gives is called.
func (w *world) ingest(seed uint64, trades int64, rate int) (stop func()) {
	return w.serve(ingest.Name, func(ctx context.Context) error {
		return ingest.Run(ctx, ingest.Config{
			Home: w.home, Kafka: w.kafka, Registry: w.addr(registry.Name), Seed: seed, Limit: trades, Rate: rate, Buffer: int(trades) + 1,
			Memory: func() (int64, int64, error) { return 0, 0, nil }, // it is to shed nothing
		})
	})
}

// serve runs a service and gives what stops it and waits.
func (w *world) serve(name string, run func(context.Context) error) (stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done, stopped := make(chan error, 1), false
	go func() { done <- run(ctx) }()
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			require.NoError(w.t, err, "%s ended", name)
		case <-time.After(patience):
			w.t.Errorf("%s did not end", name)
		}
	}
	w.t.Cleanup(stop)
	w.healthy(name, w.home)
	return stop
}

func (w *world) healthy(name, home string) {
	w.t.Helper()
	w.until(name+" is healthy", func() bool {
		rec, err := process.Read(service.RecordPath(home, name))
		if err != nil {
			return false
		}
		_, err = w.get("http://" + rec.Addr + "/health")
		return err == nil
	})
}

func (w *world) addr(name string) string {
	rec, err := process.Read(service.RecordPath(w.home, name))
	require.NoError(w.t, err)
	return rec.Addr
}

// get gives the body of an answer that is 200.
func (w *world) get(url string) (string, error) {
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	res, err := w.web.Do(req)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(res.Body)
	if e := res.Body.Close(); err == nil {
		err = e
	}
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s: %s", url, res.Status, body)
	}
	return string(body), err
}

func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); !holds(); {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited %s in vain until %s", patience, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (w *world) position() (p ingest.Position) {
	body, err := w.get("http://" + w.addr(ingest.Name) + "/position")
	if err == nil {
		err = json.Unmarshal([]byte(body), &p)
	}
	require.NoError(w.t, err)
	return p
}

func (w *world) acked(n int64) {
	w.t.Helper()
	w.until(fmt.Sprintf("%d trades are acknowledged", n), func() bool { return w.position().Acked >= n })
}

// books are those of the sandbox as it runs here.
func (w *world) books() spec.Books {
	p := k2.Platform(k2.Addresses{Kafka: w.kafka, Registry: w.addr(registry.Name), Ingest: w.addr(ingest.Name)})
	return p.Books["trades"]
}

// still is how long a table has to say that it has all: a defect may set it back
// once more, and tells its group only then.
const still = 3 * time.Second

// drained waits until a sink takes all that is in the topic for done, by what it
// tells its group; or by what its table says, as one that was killed may not tell.
func (w *world) drained() {
	w.t.Helper()
	ends, err := w.bus.EndOffsets(w.t.Context(), broker.Topic)
	require.NoError(w.t, err)
	behind := audit.Drain{Ends: ends}
	since := time.Now()
	w.until("the sink has come to the end", func() bool {
		if told, err := w.bus.CommittedBy(w.t.Context(), sink.Group, broker.Topic); err == nil && behind.Behind(told) == 0 {
			return true
		}
		if behind.Behind(w.mark()) > 0 {
			since = time.Now()
		}
		return time.Since(since) > still
	})
}

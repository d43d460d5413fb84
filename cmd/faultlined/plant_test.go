package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/conduct"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/embedded"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/ingest"
	"github.com/k2-platform/faultline/sandbox/k2"
	"github.com/k2-platform/faultline/sandbox/registry"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/spec"
)

// plant is the sandbox's way of a trade, from its feed to the table, in this
// process: Kafka, registry, ingestion and sink.
type plant struct {
	t        *testing.T
	home     string
	kafka    string
	at       k2.Addresses
	where    lake.Config
	lake     *lake.Lake
	bus      *bus.Bus // of the chaos log, on the same Kafka
	platform spec.Platform
	source   func() // ends ingestion
	sink     func() // ends the sink
}

// newPlant starts all but ingestion.
func newPlant(t *testing.T, defects ...defect.Defect) *plant {
	t.Helper()
	k, err := embedded.StartKafka(embedded.KafkaConfig{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.Close()) })
	require.NoError(t, broker.CreateTopics(t.Context(), []string{k.Addr()}, 1))
	f := &plant{t: t, home: t.TempDir(), kafka: k.Addr(), source: func() {}}
	for _, at := range []*string{&f.at.Registry, &f.at.Ingest, &f.at.Sink} {
		*at, err = service.FreeAddr(t.Context())
		require.NoError(t, err)
	}
	f.at.Kafka = f.kafka
	f.platform = k2.Platform(f.at)
	f.bus, err = bus.Open(bus.Config{Brokers: []string{f.kafka}}, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.bus.Close()) })
	require.NoError(t, f.bus.EnsureTopics(t.Context()))
	dir := filepath.Join(f.home, "lake") // as the daemon has it by default
	f.where = lake.Config{Kind: "sql", URI: filepath.Join(dir, "catalog.db"), Warehouse: filepath.Join(dir, "warehouse")}
	f.lake, err = lake.Open(t.Context(), f.where)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.lake.Close()) })
	f.run(f.at.Registry, func(ctx context.Context) error {
		return registry.Run(ctx, registry.Config{Home: f.home, Addr: f.at.Registry})
	})
	f.sink = f.run(f.at.Sink, func(ctx context.Context) error {
		return sink.Run(ctx, sink.Config{
			Home: f.home, Addr: f.at.Sink, Kafka: f.kafka, Registry: f.at.Registry, Lake: f.where, Every: 50 * time.Millisecond, Defects: defects,
		})
	})
	return f
}

// run starts a service, and returns once it answers. What it returns ends it.
func (f *plant) run(addr string, service func(context.Context) error) (stop func()) {
	f.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- service(ctx) }()
	stop = func() {
		if cancel != nil {
			cancel()
			cancel = nil
			require.NoError(f.t, <-ended)
		}
	}
	f.t.Cleanup(stop)
	require.Eventually(f.t, func() bool {
		res, err := http.Get("http://" + addr + "/metrics") //nolint:noctx // of this process
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return true
	}, 30*time.Second, 20*time.Millisecond, "a service is not up")
	http.DefaultClient.CloseIdleConnections()
	return stop
}

// ingest starts ingestion, again where it ran before, up to so many trades in
// all, and returns when it has sent them.
func (f *plant) ingest(limit int64) {
	f.t.Helper()
	f.source()
	f.source = f.run(f.at.Ingest, func(ctx context.Context) error {
		return ingest.Run(ctx, ingest.Config{Home: f.home, Addr: f.at.Ingest, Kafka: f.kafka, Registry: f.at.Registry, Seed: 7, Rate: 1000, Limit: limit})
	})
}

// sent waits until ingestion took so many trades.
func (f *plant) sent(n int64) {
	f.t.Helper()
	require.Eventually(f.t, func() bool {
		mark, err := f.open("sent").Open(f.t.Context())
		return err == nil && mark.Taken >= n
	}, time.Minute, 20*time.Millisecond, "ingestion does not come to trade %d", n)
}

// put writes a record to the topic of trades that ingestion knows nothing of.
func (f *plant) put(value []byte) {
	f.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(f.kafka), kgo.ProducerBatchMaxBytes(2<<20))
	require.NoError(f.t, err)
	defer client.Close()
	require.NoError(f.t, client.ProduceSync(f.t.Context(), &kgo.Record{Topic: broker.Topic, Key: []byte("BHP"), Value: value}).FirstErr())
}

func (f *plant) open(id spec.ExperimentID) conduct.Books {
	f.t.Helper()
	books, err := openBooks(f.lake, f.bus, slog.New(slog.DiscardHandler))(f.platform, "trades", id)
	require.NoError(f.t, err)
	return books
}

// pages are what the log has of an experiment's ledger, one after the other.
func (f *plant) pages(id spec.ExperimentID) (out []events.LedgerPage) {
	f.t.Helper()
	topic := f.bus.Topics().RecordLedger
	ends, err := f.bus.EndOffsets(f.t.Context(), topic)
	require.NoError(f.t, err)
	require.NoError(f.t, f.bus.ReadTo(f.t.Context(), topic, nil, ends, func(records []bus.Record) error {
		for _, rec := range records {
			p, err := handlers.ReadLedgerPage(rec)
			if err != nil {
				return fmt.Errorf("page at offset %d: %w", rec.Offset, err)
			}
			if p.Experiment == id {
				out = append(out, p)
			}
		}
		return nil
	}))
	return out
}

package sandbox_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/clients/receipts"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/ingest"
	"github.com/k2-platform/faultline/sandbox/query"
	"github.com/k2-platform/faultline/sandbox/registry"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/sink"
)

// runner runs services in this process, as their processes would.
type runner struct {
	t    *testing.T
	home string
	lake lake.Config
}

// start runs a service and gives the function that stops it and waits.
func (r runner) start(name string, run func(context.Context) error) func() {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				r.t.Errorf("%s ended with: %v", name, err)
			}
		case <-time.After(10 * time.Second):
			r.t.Errorf("%s did not end", name)
		}
	}
	r.t.Cleanup(stop)
	r.until(name+" is healthy", func() bool {
		status, _ := r.get(name, "/health")
		return status == http.StatusOK
	})
	return stop
}

func (r runner) addr(name string) string {
	rec, err := process.Read(service.RecordPath(r.home, name))
	if err != nil {
		return ""
	}
	return rec.Addr
}

func (r runner) get(name, path string) (int, string) {
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://"+r.addr(name)+path, nil)
	if err != nil {
		return 0, err.Error()
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	body, err := io.ReadAll(res.Body)
	if e := res.Body.Close(); err == nil {
		err = e
	}
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(body)
}

func (r runner) until(what string, holds func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			r.t.Fatalf("waited 30 s in vain until %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (r runner) position() (p ingest.Position) {
	_, body := r.get(ingest.Name, "/position")
	_ = json.Unmarshal([]byte(body), &p) // not JSON while it starts: all zero
	return p
}

// stored counts rows by trade id.
func (r runner) stored() map[string]int {
	r.t.Helper()
	l, err := lake.Open(r.t.Context(), r.lake)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			r.t.Error(err)
		}
	}()
	found := map[string]int{}
	err = l.Scan(r.t.Context(), sink.Namespace, sink.Table, lake.ScanOptions{Columns: []string{"trade_id"}}, func(row lake.Row) error {
		id, _ := row.Text("trade_id")
		found[id]++
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return found
}

func TestEveryTradeIsStoredOnceThroughABrokerRestart(t *testing.T) {
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	home := t.TempDir()
	r := runner{t: t, home: home, lake: lakeOf(home)}
	startBroker := func() func() {
		return r.start(broker.Name, func(ctx context.Context) error { return broker.Run(ctx, broker.Config{Home: home}) })
	}
	stopBroker := startBroker()
	kafka, err := broker.Addr(home)
	if err != nil {
		t.Fatal(err)
	}
	r.start(registry.Name, func(ctx context.Context) error { return registry.Run(ctx, registry.Config{Home: home}) })
	startSink := func() func() {
		return r.start(sink.Name, func(ctx context.Context) error {
			return sink.Run(ctx, sink.Config{Home: home, Kafka: kafka, Registry: r.addr(registry.Name), Lake: r.lake, Every: 200 * time.Millisecond})
		})
	}
	stopSink := startSink()
	r.start(query.Name, func(ctx context.Context) error { return query.Run(ctx, query.Config{Home: home, Lake: r.lake}) })
	const all = 400
	r.start(ingest.Name, func(ctx context.Context) error {
		return ingest.Run(ctx, ingest.Config{Home: home, Kafka: kafka, Registry: r.addr(registry.Name), Seed: 7, Limit: all})
	})
	r.until("100 trades are acknowledged", func() bool { return r.position().Acked >= 100 })
	poison(t, kafka)
	r.until("the poison is buried", func() bool { return r.dead(kafka) == 1 })

	stopBroker()
	r.until("trades wait for Kafka", func() bool { p := r.position(); return p.Pending > 0 || p.Taken == all })
	stopBroker = startBroker()
	if again, err := broker.Addr(home); err != nil || again != kafka {
		t.Fatalf("the broker came back at %s, %v; want %s", again, err, kafka)
	}
	stopSink()
	startSink()
	r.until("all trades are acknowledged", func() bool { return r.position().Acked == all })
	r.until("all trades are stored", func() bool { return len(r.stored()) == all })
	for id, n := range r.stored() {
		if n != 1 {
			t.Errorf("trade %s is stored %d times", id, n)
		}
	}
	if n := r.dead(kafka); n != 1 {
		t.Errorf("%d dead letters, want 1", n)
	}
	r.checkReceipts(all)
	r.checkQuery(all)
	stopBroker()
}

func (r runner) checkReceipts(all int) {
	_, body := r.get(ingest.Name, fmt.Sprintf("/receipts?from=1&to=%d", all))
	stored, n := r.stored(), 0
	for lines := bufio.NewScanner(stringReader(body)); lines.Scan(); n++ {
		var rec ingest.Receipt
		if err := json.Unmarshal(lines.Bytes(), &rec); err != nil {
			r.t.Fatal(err)
		}
		if rec.State != receipts.Acked || rec.Offset < 0 || stored[rec.TradeID] != 1 {
			r.t.Errorf("receipt %+v, stored %d times", rec, stored[rec.TradeID])
		}
	}
	if n != all {
		r.t.Errorf("%d receipts, want %d", n, all)
	}
}

func (r runner) checkQuery(all int) {
	var answer struct {
		Success bool
		Data    []query.Trade
		Meta    struct{ Newest time.Time }
	}
	r.until("the API shows all trades", func() bool {
		status, body := r.get(query.Name, "/api/v1/trades?limit=10000")
		return status == http.StatusOK && json.Unmarshal([]byte(body), &answer) == nil && len(answer.Data) == all
	})
	if !answer.Success || time.Since(answer.Meta.Newest) > time.Minute {
		r.t.Errorf("success %v, newest %v", answer.Success, answer.Meta.Newest)
	}
	if status, _ := r.get(query.Name, "/api/v1/trades?limit=10001"); status != http.StatusBadRequest {
		r.t.Errorf("a limit of 10001 gave %d, want 400", status)
	}
}

func poison(t *testing.T, kafka string) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(kafka), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	bad := &kgo.Record{Topic: broker.Topic, Partition: 3, Key: []byte("BHP"), Value: []byte("not a trade")}
	if err := cl.ProduceSync(t.Context(), bad).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

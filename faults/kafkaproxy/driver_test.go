package kafkaproxy_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/kafkaproxy"
	"github.com/k2-platform/faultline/faults/kafkaproxy/control"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { faultstest.MainBeside(m, proxy) }

// proxy is the control of a proxy, as the real one has it, whose engine only
// remembers what it is set to.
func proxy(ctx context.Context, dir string, ready func()) error {
	boot, err := process.BootID()
	if err != nil {
		return err
	}
	d := control.New(control.Config{Engine: &engine{}, BootID: boot})
	l, err := control.Listen(ctx, as(dir).KafkaProxy.Control)
	if err != nil {
		return err
	}
	ready()
	go d.Run(ctx)
	return control.Serve(ctx, l, d, "")
}

func as(dir string) spec.Target {
	return spec.Target{KafkaProxy: &spec.KafkaProxy{Control: "unix://" + filepath.Join(dir, control.SocketFile)}}
}

type engine struct {
	mu  sync.Mutex
	ids []string
}

func (e *engine) Set(rules []rule.Rule, _ map[string]rule.Of) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ids = nil
	for _, r := range rules {
		e.ids = append(e.ids, r.ID)
	}
}

func (e *engine) Status() map[string]rule.Count {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := map[string]rule.Count{}
	for _, id := range e.ids {
		out[id] = rule.Count{}
	}
	return out
}

func (e *engine) Idempotent(w rule.Where) []string {
	if len(w.Topics) > 0 && w.Topic("numbered") {
		return []string{"ingest"}
	}
	return nil
}

// TestDriver runs the suite for one kind of each family; what differs between
// kinds is decided in the proxy.
func TestDriver(t *testing.T) {
	for _, f := range []spec.Fault{
		{Kind: "kafka.delay", With: map[string]string{"delay": "200ms", "topic": "orders"}},
		{Kind: "kafka.lost_ack"},
		{Kind: "kafka.drop", With: map[string]string{"rate": "1%"}},
		{Kind: "kafka.corrupt", With: map[string]string{"type": "price_value_swap"}},
	} {
		t.Run(f.Kind, func(t *testing.T) {
			faultstest.Run(t, faultstest.Suite{Fault: f, As: as, New: func() faults.Driver { return kafkaproxy.Driver{Kind: f.Kind} }})
		})
	}
}

package kafkaproxy_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/kafkaproxy"
	"github.com/k2-platform/faultline/faults/kafkaproxy/admit"
	"github.com/k2-platform/faultline/faults/kafkaproxy/force"
	"github.com/k2-platform/faultline/faults/kafkaproxy/payload"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { faultstest.MainBeside(m, proxy) }

// proxy is the control of a proxy and its engine, as the real one has them,
// with nothing that passes.
func proxy(ctx context.Context, dir string, ready func()) (err error) {
	boot, err := process.BootID()
	if err != nil {
		return err
	}
	journal, err := truth.Open(filepath.Join(dir, "truth"), truth.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, journal.Shut()) }()
	e := engine{force.New(force.Options{Journal: journal, Corrupter: payload.New(nil, "", 1)})}
	d := control.New(control.Config[rule.Rule]{Read: admit.Rules{Idempotent: e.Idempotent}.Read, Engine: e, BootID: boot, Books: books{journal}})
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

// engine is the real one, which a client with numbered batches came to.
type engine struct{ *force.Engine }

func (engine) Idempotent(w rule.Where) []string {
	if len(w.Topics) > 0 && w.Topic("numbered") {
		return []string{"ingest"}
	}
	return nil
}

type books struct{ journal *truth.Journal }

func (b books) Begin(receipt, kind string, of control.Of) error {
	return b.journal.Begin(truth.Receipt{ID: receipt, Experiment: of.Experiment, Step: of.Step, Fault: kind})
}

func (b books) End(receipt string) error { return b.journal.Close(receipt) }

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
			faultstest.Run(t, faultstest.Suite{Fault: f, As: as, New: func() faults.Driver { return kafkaproxy.Driver(f.Kind) }})
		})
	}
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/kafkaproxy/admit"
	"github.com/k2-platform/faultline/faults/kafkaproxy/appender"
	"github.com/k2-platform/faultline/faults/kafkaproxy/force"
	"github.com/k2-platform/faultline/faults/kafkaproxy/payload"
	"github.com/k2-platform/faultline/faults/kafkaproxy/redirect"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/ledger"
)

func (w *where) kafkaProxy(cmd *cobra.Command, f proxyFlags) (err error) {
	signal.Ignore(syscall.SIGPIPE) // whoever started it may be gone: clients are not
	s, err := w.settings()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
	config, err := f.config(log)
	if err != nil {
		return err
	}
	led, err := f.lead()
	if err != nil {
		return err
	}
	if led != nil {
		config.Led = led
		defer func() { err = errors.Join(err, led.Close()) }()
	}
	state := cmp.Or(f.state, s.Home)
	journal, err := truth.Open(filepath.Join(state, "kafka-proxy", "truth"), truth.Options{Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, journal.Shut()) }()
	for _, r := range journal.Unclosed() {
		if err := journal.Close(r.ID); err != nil { // of an earlier life: its faults went with it
			return err
		}
	}
	engine, done, err := f.engine(journal, led, config, log)
	if err != nil {
		return err
	}
	defer done()
	config.Faults = engine
	desk, err := f.desk(engine, journal, config, log)
	if err != nil {
		return err
	}
	sender := &handlers.GroundTruth{Connect: func() (*bus.Bus, error) { return w.chaosLog(log) }}
	defer func() { err = errors.Join(err, sender.Close()) }()
	return f.serve(cmd.Context(), proxyParts{
		config: config, desk: desk, home: s.Home, state: state, out: cmd.OutOrStdout(),
		publisher: truth.NewPublisher(journal, sender, truth.PublisherOptions{Log: log}),
	})
}

// chaosLog is the Kafka that ground truth goes to. It may not be there yet.
func (w *where) chaosLog(log *slog.Logger) (*bus.Bus, error) {
	s, err := w.settings()
	if err == nil {
		s, err = s.Find()
	}
	if err != nil {
		return nil, err
	}
	return bus.Open(s.Kafka, log)
}

// lead leads the connections of a namespace here; nil where none is to be.
func (f proxyFlags) lead() (*redirect.Redirect, error) {
	path := f.redirect
	switch path {
	case "":
		return nil, nil //nolint:nilnil // clients come by themselves
	case "host":
		path = ""
	}
	return redirect.Open(path, f.redirectPorts)
}

func (f proxyFlags) engine(journal *truth.Journal, led *redirect.Redirect, c relay.Config, log *slog.Logger) (e *force.Engine, done func(), err error) {
	o := force.Options{Journal: journal, Corrupter: payload.New(nil, f.registry, f.seed), Log: log}
	own := appender.Config{Brokers: f.brokers, TLS: c.Upstream, SASL: f.sasl}
	if led != nil {
		own.Dial = func(ctx context.Context, _, address string) (net.Conn, error) { return led.Dial(ctx, address) }
	}
	if f.password != "" {
		text, err := os.ReadFile(f.password)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the password of the proxy's own producer: %w", err)
		}
		own.SASL.Password = strings.TrimSpace(string(text))
	}
	producer, err := appender.New(own)
	if err != nil {
		return nil, nil, err
	}
	if len(f.brokers) > 0 {
		o.Duplicate = producer.Append
	}
	return force.New(o), producer.Close, nil
}

func (f proxyFlags) desk(e *force.Engine, journal *truth.Journal, c relay.Config, log *slog.Logger) (*control.Desk[rule.Rule], error) {
	boot, err := ledger.BootID()
	if err != nil {
		return nil, err
	}
	unread := c.LedRaw || (len(c.Brokers) == 0 && c.Led == nil)
	d := control.New(control.Config[rule.Rule]{Name: "kafka-proxy", Read: admit.Rules{Idempotent: e.Idempotent, Raw: unread}.Read, Engine: e, BootID: boot, Raw: unread, Books: truthBooks{journal}, Log: log})
	for _, text := range f.faults {
		if err := d.Static(text); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// truthBooks keeps a ground truth of faults that touch records.
type truthBooks struct{ journal *truth.Journal }

func (b truthBooks) Begin(receipt, kind string, of control.Of) error {
	if !truth.Touches(kind) {
		return nil
	}
	return b.journal.Begin(truth.Receipt{ID: receipt, Experiment: of.Experiment, Step: of.Step, Fault: kind})
}

func (b truthBooks) End(receipt string) error { return b.journal.Close(receipt) }

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// way is one of those that records take to the brokers.
type way struct {
	name  string
	start func(ctx context.Context, home string) (*child, []string, error) // of its program; nil: it has none
	// Where it is, once it was started.
	program   *child
	bootstrap []string
}

// ways are those that are compared; the first is the measure of the others.
func (b *bench) ways(ctx context.Context) []*way {
	all := []*way{
		{name: "direct", bootstrap: b.brokers},
		{name: passing, start: func(ctx context.Context, home string) (*child, []string, error) { return b.startProxy(ctx, home) }},
	}
	if b.toxiproxy != "" {
		all = append(all, &way{name: toxiproxy, start: b.startToxiproxy})
	}
	if b.takesFaults(ctx) {
		all = append(all, b.faulty(idle, "price,quantity", "0"), b.faulty(decoding, "bid,ask", "1"))
	}
	return all
}

// faulty is a proxy with a fault that changes nothing, both ways.
func (b *bench) faulty(name, fields, rate string) *way {
	swap := "kafka.corrupt type=field_swap fields=" + fields + " format=json rate=" + rate + " direction="
	return &way{name: name, start: func(ctx context.Context, home string) (*child, []string, error) {
		return b.startProxy(ctx, home, "--fault", swap+"produce", "--fault", swap+"fetch")
	}}
}

const (
	passing   = "Faultline, no fault" //nolint:gosec // no password
	idle      = "Faultline, a record fault at rate 0"
	decoding  = "Faultline, every record decoded and its JSON read"
	toxiproxy = "peer: Toxiproxy"
)

const proxyUpWithin = 20 * time.Second

// takesFaults says whether this build's proxy may be given faults at its start.
func (b *bench) takesFaults(ctx context.Context) bool {
	help, _ := exec.CommandContext(ctx, filepath.Join(b.bin, "faultline"), "kafka-proxy", "--help").Output() //nolint:gosec // the program to be measured
	return strings.Contains(string(help), "--fault ")
}

func (w *way) begin(ctx context.Context, home string) (err error) {
	if w.start != nil {
		w.program, w.bootstrap, err = w.start(ctx, home)
	}
	return err
}

func (w *way) end() error {
	if w.program == nil {
		return nil
	}
	ended := w.program
	w.program = nil
	return ended.end()
}

func (b *bench) startProxy(ctx context.Context, home string, more ...string) (*child, []string, error) {
	log, err := os.CreateTemp(home, "kafka-proxy-*.log")
	if err != nil {
		return nil, nil, fmt.Errorf("making a log: %w", err)
	}
	if err := log.Close(); err != nil {
		return nil, nil, fmt.Errorf("making a log: %w", err)
	}
	args := append([]string{"kafka-proxy", "--home", log.Name() + ".state", "--brokers", strings.Join(b.brokers, ","), "--listen", "127.0.0.1:0"}, more...)
	c, err := launch("the Kafka proxy", log.Name(), filepath.Join(b.bin, "faultline"), args...)
	if err != nil {
		return nil, nil, err
	}
	if err := c.await(ctx, proxyUpWithin, c.says("kafka-proxy is ready, ")); err != nil {
		return nil, nil, err
	}
	text, err := os.ReadFile(log.Name())
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("reading where the Kafka proxy is: %w", err), c.end())
	}
	_, after, _ := strings.Cut(string(text), "bootstrap: ")
	return c, strings.Fields(after)[:1], nil
}

// startToxiproxy stands one Toxiproxy where each broker says it is, since it
// rewrites no address.
func (b *bench) startToxiproxy(ctx context.Context, home string) (*child, []string, error) {
	type proxy struct {
		Name     string `json:"name"`
		Listen   string `json:"listen"`
		Upstream string `json:"upstream"`
		Enabled  bool   `json:"enabled"`
	}
	proxies := make([]proxy, len(b.via))
	for i, at := range b.via {
		proxies[i] = proxy{fmt.Sprint("kafka-", i+1), at, b.behind[i], true}
	}
	config := filepath.Join(home, "toxiproxy.json")
	text, err := json.Marshal(proxies)
	if err == nil {
		err = os.WriteFile(config, text, 0o600)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("writing the peer's proxies: %w", err)
	}
	c, err := launch("the peer", filepath.Join(home, "toxiproxy.log"), b.toxiproxy, "-host", "127.0.0.1", "-port", "0", "-config", config)
	if err != nil {
		return nil, nil, err
	}
	return c, b.via, c.await(ctx, proxyUpWithin, func() bool {
		for _, at := range b.via {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", at)
			if err != nil {
				return false
			}
			_ = conn.Close()
		}
		return true
	})
}

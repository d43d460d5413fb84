package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	calm = 5
	high = 95 // crosses the trigger
)

// meter serves a load for each target over HTTP, and knows when it first
// answered that one is high: from then on the trigger's time is measured. How
// long it takes until somebody asks is not.
type meter struct {
	server *http.Server
	addr   string
	mu     sync.Mutex
	loads  []load
}

type load struct {
	high    bool
	crossed chan time.Time // one moment, since it was raised
}

func startMeter(n int) (*meter, error) {
	at, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is there at once
	if err != nil {
		return nil, fmt.Errorf("serving metrics: %w", err)
	}
	m := &meter{addr: at.Addr().String(), loads: make([]load, n)}
	m.server = &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(m.answer)}
	go m.server.Serve(at) //nolint:errcheck // close ends it
	return m, nil
}

func (m *meter) url(i int) string    { return fmt.Sprintf("http://%s/%d", m.addr, i) }
func (m *meter) metric(i int) string { return fmt.Sprintf("load_%03d", i) }

func (m *meter) answer(out http.ResponseWriter, in *http.Request) {
	i, err := strconv.Atoi(in.URL.Path[1:])
	if err != nil || i >= len(m.loads) {
		http.NotFound(out, in)
		return
	}
	m.mu.Lock()
	value, crossed := calm, m.loads[i].crossed
	if m.loads[i].high {
		value = high
	}
	if value == high {
		m.loads[i].crossed = nil
	}
	m.mu.Unlock()
	if value == high && crossed != nil {
		crossed <- time.Now()
	}
	_, _ = fmt.Fprintf(out, "%s %d\n", m.metric(i), value)
}

// raise has a load be high; what it returns gives the moment of the first such
// answer.
func (m *meter) raise(i int) <-chan time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	crossed := make(chan time.Time, 1)
	m.loads[i] = load{high: true, crossed: crossed}
	return crossed
}

func (m *meter) lower(i int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loads[i] = load{}
}

func (m *meter) close() error {
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	err := m.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return m.server.Close()
	}
	return err
}

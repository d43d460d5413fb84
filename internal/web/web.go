// Package web is the daemon's HTTP listener: /health, /metrics, and whatever
// else is put on its mux, such as Halt. It is for this machine; nothing of the
// pipeline waits for it.
package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// DefaultAddr is a free port that only this machine reaches.
const DefaultAddr = "127.0.0.1:0"

const (
	readWithin  = 5 * time.Second
	closeWithin = 2 * time.Second
)

// Server answers on one address. Mux and Metrics take more until Run.
type Server struct {
	Mux     *http.ServeMux
	Metrics *prometheus.Registry
	// Behind is asked from Ready on, by several goroutines at a time, for a
	// second line of /health: what is not there yet, though all is well. Empty is
	// no line; nil is never one. It must be set before Ready.
	Behind func() string

	listener net.Listener
	ready    atomic.Bool
}

// Listen takes the address, so that it is known and nobody else's; Run
// answers on it. An empty one is DefaultAddr.
func Listen(ctx context.Context, addr string) (*Server, error) {
	if addr == "" {
		addr = DefaultAddr
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening for /health and /metrics: %w; free the address, or write another as http: {addr: host:port}", err)
	}
	s := &Server{Mux: http.NewServeMux(), Metrics: prometheus.NewRegistry(), listener: l}
	s.Metrics.MustRegister(collectors.NewBuildInfoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s.Mux.Handle("GET /metrics", promhttp.HandlerFor(s.Metrics, promhttp.HandlerOpts{}))
	s.Mux.HandleFunc("GET /health", s.health)
	return s, nil
}

// Addr is the host and port that it listens on.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Ready makes /health answer 200 from now on.
func (s *Server) Ready() { s.ready.Store(true) }

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	if !s.ready.Load() {
		http.Error(w, "starting", http.StatusServiceUnavailable)
		return
	}
	answer := "ok\n"
	if s.Behind != nil {
		if more := s.Behind(); more != "" {
			answer += more + "\n"
		}
	}
	_, _ = io.WriteString(w, answer) // a client that left needs no answer
}

// Run answers until ctx ends. That it cannot go on is logged and no more: the
// pipeline runs without.
func (s *Server) Run(ctx context.Context, log *slog.Logger) {
	server := &http.Server{Handler: s.Mux, ReadHeaderTimeout: readWithin}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		s.ready.Store(false)
		last, done := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
		defer done()
		if server.Shutdown(last) != nil {
			_ = server.Close() // a client kept its request open
		}
	})
	err := server.Serve(s.listener)
	if !stop() {
		<-closed
	}
	if !errors.Is(err, http.ErrServerClosed) {
		log.Error("no longer answering /health and /metrics; the pipeline goes on", "error", err)
	}
}

// Close frees the address of a server that never ran, too.
func (s *Server) Close() error {
	if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("closing the HTTP listener: %w", err)
	}
	return nil
}

// Package service is what every process of the sandbox has in common: an
// address that survives a restart, /health, /metrics and the process
// record. It knows nothing of what a service does.
package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/k2-platform/faultline/internal/process"
)

// stopWithin bounds a clean stop; a service has 3 s in all.
const stopWithin = time.Second

// Config names a service below a home folder.
type Config struct {
	Home string
	Name string // also the name of its record
	Addr string // "" = the address of the last start, or a free loopback port
}

// Server is the HTTP side of one service.
type Server struct {
	Mux     *http.ServeMux
	Metrics *prometheus.Registry

	cfg      Config
	listener net.Listener
	health   atomic.Pointer[func(context.Context) error]
}

// Dir is the folder below home that holds what the sandbox keeps.
func Dir(home string) string { return filepath.Join(home, "sandbox") }

// RecordPath is where the process record of a service lies.
func RecordPath(home, name string) string { return filepath.Join(Dir(home), name+".json") }

// Open takes the address. Until SetHealth is called /health answers 503.
func Open(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Home == "" || cfg.Name == "" {
		return nil, errors.New("opening a service: home and name must be set")
	}
	if err := os.MkdirAll(Dir(cfg.Home), 0o750); err != nil {
		return nil, fmt.Errorf("making the sandbox folder: %w", err)
	}
	if cfg.Addr == "" {
		last, err := process.Read(RecordPath(cfg.Home, cfg.Name))
		switch {
		case err == nil:
			cfg.Addr = last.Addr
		case !errors.Is(err, os.ErrNotExist):
			return nil, fmt.Errorf("reading the record of %s: %w", cfg.Name, err)
		}
	}
	l, err := listen(ctx, cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("taking an address for %s: %w", cfg.Name, err)
	}
	s := &Server{Mux: http.NewServeMux(), Metrics: prometheus.NewRegistry(), cfg: cfg, listener: l}
	s.Metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s.Mux.Handle("GET /metrics", promhttp.HandlerFor(s.Metrics, promhttp.HandlerOpts{}))
	s.Mux.HandleFunc("GET /health", s.serveHealth)
	return s, nil
}

// Addr is the host and port that the server listens on.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// SetHealth gives /health its question; a nil answer means healthy.
func (s *Server) SetHealth(ask func(context.Context) error) { s.health.Store(&ask) }

func (s *Server) serveHealth(w http.ResponseWriter, r *http.Request) {
	ask := s.health.Load()
	if ask == nil {
		http.Error(w, "starting", http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := (*ask)(ctx); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ok\n") // a client that left needs no answer
}

// Serve writes the process record and answers requests until ctx ends or work
// returns; work runs beside it and is waited for. The first error wins.
func (s *Server) Serve(ctx context.Context, work func(context.Context) error) error {
	if err := s.writeRecord(); err != nil {
		return errors.Join(err, s.listener.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	web := &http.Server{Handler: s.Mux, ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() {
		defer cancel()
		served <- web.Serve(s.listener)
	}()
	err := work(ctx)
	cancel()
	stop, done := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer done()
	if e := web.Shutdown(stop); e != nil {
		err = errors.Join(err, web.Close()) // a client kept its request open
	}
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("serving HTTP: %w", e))
	}
	return err
}

func (s *Server) writeRecord() error {
	rec, err := process.Self(s.cfg.Name, s.Addr())
	if err != nil {
		return fmt.Errorf("describing the process of %s: %w", s.cfg.Name, err)
	}
	if rec.Log == "" {
		rec.Log = filepath.Join(Dir(s.cfg.Home), s.cfg.Name+".log")
	}
	if err := rec.Write(RecordPath(s.cfg.Home, s.cfg.Name)); err != nil {
		return fmt.Errorf("writing the record of %s: %w", s.cfg.Name, err)
	}
	return nil
}

// Close gives the address back when Serve was never reached.
func (s *Server) Close() error { return s.listener.Close() }

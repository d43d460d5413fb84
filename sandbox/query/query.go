// Package query is the platform's HTTP API over the stored trades. It reads
// the lake only: what is not in a snapshot does not exist for it.
package query

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/service"
)

// Name is the service's name in records and reports.
const Name = "query"

// Config says what is served.
type Config struct {
	Home    string
	Lake    lake.Config
	Defects defect.Set
}

const (
	defaultLimit = 100
	maxLimit     = 10_000
)

// Run serves the API until ctx ends.
func Run(ctx context.Context, c Config) (err error) {
	s, err := service.Open(ctx, service.Config{Home: c.Home, Name: Name})
	if err != nil {
		return err
	}
	l, err := lake.Open(ctx, c.Lake)
	if err != nil {
		return errors.Join(fmt.Errorf("opening the lake: %w", err), s.Close())
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	a := &api{pages: newPages(l), seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "query_request_duration_seconds", Help: "Time to answer /api/v1/trades.",
		Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, []string{"status_code"})}
	s.Metrics.MustRegister(a.seconds)
	s.Mux.HandleFunc("GET /api/v1/trades", a.trades)
	s.SetHealth(a.pages.readable)
	return s.Serve(ctx, a.pages.follow)
}

type api struct {
	pages   *pages
	seconds *prometheus.HistogramVec
}

// reply is the body of every answer.
type reply struct {
	Success bool    `json:"success"`
	Data    []Trade `json:"data"`
	Meta    *meta   `json:"meta,omitempty"`
	Error   string  `json:"error,omitempty"`
}

// meta says how fresh the answer is.
type meta struct {
	Timestamp time.Time  `json:"timestamp"`
	Count     int        `json:"count"`
	Snapshot  int64      `json:"snapshot"`
	Newest    *time.Time `json:"newest"` // ingestion time of the newest row; null without rows
}

func (a *api) trades(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	status, body := a.answer(r)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that left needs no answer
	a.seconds.WithLabelValues(strconv.Itoa(status)).Observe(time.Since(began).Seconds())
}

func (a *api) answer(r *http.Request) (int, reply) {
	limit := defaultLimit
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxLimit {
			return http.StatusBadRequest, reply{Error: fmt.Sprintf("limit must be 1 to %d", maxLimit)}
		}
		limit = n
	}
	page, err := a.pages.get(r.Context(), r.URL.Query().Get("symbol"), limit)
	if err != nil {
		slog.ErrorContext(r.Context(), "trades cannot be read", "error", err)
		return http.StatusServiceUnavailable, reply{Error: "storage_unavailable"}
	}
	return http.StatusOK, reply{Success: true, Data: page.rows, Meta: &meta{
		Timestamp: time.Now().UTC(), Count: len(page.rows), Snapshot: page.snapshot, Newest: page.newest,
	}}
}

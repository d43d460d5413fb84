// Package sink is the platform's writer: Kafka to Iceberg, each record exactly
// once. The table's watermark owns the offsets; the consumer group only shows
// them. It keeps nothing on disk of its own.
package sink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// Name is the service's name in records and reports.
const Name = "sink"

// Group is where the written offsets are shown, for lag.
const Group = "k2-iceberg-writer"

// Config says what is read and where it is written. All but Addr, Every, Rows and Defects is needed.
type Config struct {
	Home     string
	Addr     string // host:port to listen at; "" = that of the last start, or a free loopback port
	Kafka    string // host:port, several with commas
	Registry string // URL, or host:port
	Lake     lake.Config
	Every    time.Duration // longest wait for a fuller batch; 0 = 1 s
	Rows     int           // most records of a batch; 0 = 1000
	Defects  defect.Set
}

func (c *Config) complete() error {
	if c.Every == 0 {
		c.Every = time.Second
	}
	if c.Rows == 0 {
		c.Rows = 1000
	}
	if c.Home == "" || c.Kafka == "" || c.Registry == "" {
		return errors.New("home, kafka and registry must be set")
	}
	if c.Every < 0 || c.Rows < 0 {
		return errors.New("every and rows must not be negative")
	}
	return nil
}

// table is the part of a lake table that the sink needs.
type table interface {
	Watermark(ctx context.Context) (lake.Watermark, error)
	Append(ctx context.Context, rows []trade.V2, from, to lake.Watermark) (lake.Snapshot, error)
}

// writer is one run of the service.
type writer struct {
	cfg    Config
	table  table
	judge  *judge
	status atomic.Pointer[error] // why the last session ended

	damage *damage
	shown  shown

	rows, dead, appends, errs prometheus.Counter
	rejected                  *prometheus.CounterVec // by reason
	price                     prometheus.Gauge
}

// Run writes until ctx ends. It then has a moment to append what it has read;
// what it had not appended is read again next time.
func Run(ctx context.Context, c Config) (err error) {
	if err := c.complete(); err != nil {
		return fmt.Errorf("configuring sink: %w", err)
	}
	s, err := service.Open(ctx, service.Config{Home: c.Home, Name: Name, Addr: c.Addr})
	if err != nil {
		return err
	}
	l, err := lake.Open(ctx, c.Lake)
	if err != nil {
		return errors.Join(fmt.Errorf("opening the lake: %w", err), s.Close())
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	t, err := OpenTable(ctx, l)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	w := &writer{cfg: c, table: t, damage: newDamage(c.Defects, t)}
	if w.judge, err = newJudge(c.Registry, c.Defects); err != nil {
		return errors.Join(err, s.Close())
	}
	w.measure(s.Metrics)
	s.SetHealth(w.healthy)
	return s.Serve(ctx, w.run)
}

// run starts a session anew from the table's watermark whenever one ends.
func (w *writer) run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := w.session(ctx); ctx.Err() == nil {
			w.status.Store(&err)
			w.errs.Inc()
			slog.WarnContext(ctx, "reading again from the table's watermark", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
	return nil
}

// healthy is false from a session's error until the next append.
func (w *writer) healthy(context.Context) error {
	if err := w.status.Load(); err != nil {
		return *err
	}
	return nil
}

func (w *writer) measure(reg *prometheus.Registry) {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		reg.MustRegister(c)
		return c
	}
	w.rows = counter("sink_rows_written_total", "Rows appended to the table.")
	w.dead = counter("sink_dead_letters_total", "Records sent to the dead-letter topic.")
	w.rejected = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sink_rejected_total", Help: "Records sent to the dead-letter topic, by reason.",
	}, []string{"reason"})
	reg.MustRegister(w.rejected)
	for _, why := range reasons() {
		w.rejected.WithLabelValues(string(why)) // there from the start, as zero
	}
	w.appends = counter("sink_appends_total", "Snapshots committed.")
	w.price = prometheus.NewGauge(prometheus.GaugeOpts{Name: "sink_mean_price", Help: "Mean price of the trades of the latest batch that had any."})
	reg.MustRegister(w.price)
	reg.MustRegister(w.damage.did)
	w.errs = counter("sink_errors_total", "Sessions that ended with an error and were started anew.")
}

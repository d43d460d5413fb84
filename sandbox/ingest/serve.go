package ingest

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func (p *player) measure(reg *prometheus.Registry) {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		reg.MustRegister(c)
		return c
	}
	p.offered = counter("ingest_offered_total", "Trades taken from the feed.")
	p.acked = counter("ingest_acked_total", "Trades acknowledged by Kafka.")
	p.dropped = counter("ingest_dropped_total", "Trades dropped at a full buffer.")
	p.failed = counter("ingest_failed_total", "Trades that could not be encoded or that Kafka refused.")
	p.highOffered = counter("ingest_high_priority_offered_total", "Trades of high priority that were taken.")
	p.highAcked = counter("ingest_high_priority_acked_total", "Trades of high priority acknowledged by Kafka.")
	p.highMissed = counter("ingest_high_priority_missed_total", "Trades of high priority that were shed, dropped or failed.")
	p.shed = counters(reg, "ingest_shed_total", "Trades refused to save memory, by priority.", "priority", string(High), string(Normal))
	p.refused = counters(reg, "ingest_refused_total", "Posted trades that were not taken, by reason.", "reason", refusals()...)
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "ingest_load_shedding_active", Help: "1 while trades are refused to save memory.",
	}, func() float64 {
		if p.pressure.on() {
			return 1
		}
		return 0
	}))
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "ingest_memory_share", Help: "Share of the memory limit of the service that is used; 0 where it has none.",
	}, func() float64 { return float64(p.pressure.share.Load()) / 1e6 }))
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "ingest_buffer_records", Help: "Records that wait for Kafka.",
	}, func() float64 { return float64(p.client.BufferedProduceRecords()) }))
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "ingest_longest_gap_seconds", Help: "Longest time between two acknowledgements that goes on, or ended in the last 10 s.",
	}, func() float64 { return p.quiet.longest(time.Now()) }))
}

// counters are there from the start, as zero.
func counters(reg *prometheus.Registry, name, help, label string, values ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	reg.MustRegister(c)
	for _, v := range values {
		c.WithLabelValues(v)
	}
	return c
}

func (p *player) servePosition(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(p.receipts.now()) // a client that left needs no answer
}

package query

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// meters is what /metrics says of the answers.
type meters struct {
	seconds *prometheus.HistogramVec
	answers *prometheus.CounterVec
}

func newMeters(reg *prometheus.Registry, a *api) *meters {
	m := &meters{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "query_request_duration_seconds", Help: "Time to answer /api/v1/trades.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"status_code"}),
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "query_answers_total", Help: "Answers of /api/v1/trades, by what they are worth.",
		}, []string{"kind"}),
	}
	for _, k := range []kind{fresh, fallback, degraded, unavailable, overloaded, refused} {
		m.answers.WithLabelValues(string(k))
	}
	flag := func(name, help string, is func() bool) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			if is() {
				return 1
			}
			return 0
		})
	}
	reg.MustRegister(m.seconds, m.answers,
		flag("query_breaker_open", "1 from when the circuit breaker opens until trials have closed it again.", a.storage.open),
		flag("query_degraded", "1 while answers are cheap, for want of processor time.", a.strain.slow),
		flag("query_storage_damaged", "1 while the table is known to be damaged.", func() bool { return a.storage.damage() != nil }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "query_view_age_seconds", Help: "For how long nobody knows whether the rows in memory are the table's newest.",
		}, func() float64 {
			if _, current, ok := a.pages.held("", 0); ok {
				return time.Since(current).Seconds()
			}
			return 0
		}))
	return m
}

func (m *meters) answered(a answered, took time.Duration) {
	m.seconds.WithLabelValues(strconv.Itoa(a.status)).Observe(took.Seconds())
	m.answers.WithLabelValues(string(a.kind)).Inc()
}

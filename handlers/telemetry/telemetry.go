// Package telemetry counts what the log says, for Prometheus. It starts from
// the whole log, or from what a checkpoint keeps of it, so its counters go on
// over restarts.
package telemetry

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/notify"
	"github.com/k2-platform/faultline/spec"
)

// Meters are the metrics of the pipeline. Notice and Notified never block.
type Meters struct {
	experiments   *prometheus.CounterVec
	live, stuck   prometheus.Gauge
	notifications *prometheus.CounterVec

	mu     sync.Mutex
	faults map[spec.ExperimentID]faults // of experiments that are not over
	total  faults
}

type faults struct{ live, stuck int }

// New registers the metrics. Every label value that there can be is there
// from the start, as 0.
func New(in prometheus.Registerer) *Meters {
	m := &Meters{
		experiments: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "faultline_experiments_total", Help: "Experiments that are over, by verdict; all that the log holds.",
		}, []string{"verdict"}),
		live: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "faultline_faults_live", Help: "Faults that are, or may be, on their targets; stuck ones too.",
		}),
		stuck: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "faultline_faults_stuck", Help: "Faults that could not be undone. Above 0 somebody has to act: faultline show ID has the command.",
		}),
		notifications: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "faultline_notifications_total", Help: "Notifications by what became of them; retried counts attempts.",
		}, []string{"result"}),
		faults: map[spec.ExperimentID]faults{},
	}
	in.MustRegister(m.experiments, m.live, m.stuck, m.notifications)
	for _, v := range []string{events.Upheld.String(), events.Refuted.String(), events.Inconclusive.String(), denied} {
		m.experiments.WithLabelValues(v)
	}
	for _, r := range notify.Results() {
		m.notifications.WithLabelValues(string(r))
	}
	return m
}

const denied = "denied"

// Notified counts what became of a notification.
func (m *Meters) Notified(r notify.Result) { m.notifications.WithLabelValues(string(r)).Inc() }

// Notice counts an accepted batch.
func (m *Meters) Notice(a handlers.Accepted) {
	for _, e := range a.Batch.Events {
		if c, ok := e.(events.Concluded); ok {
			m.experiments.WithLabelValues(c.Verdict.String()).Inc()
		} else if _, ok := e.(events.ExperimentDenied); ok {
			m.experiments.WithLabelValues(denied).Inc()
		}
	}
	m.faultsOf(a.State)
}

func (m *Meters) faultsOf(s experiment.State) {
	now := count(s)
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.faults[s.ID]
	m.total.live += now.live - before.live
	m.total.stuck += now.stuck - before.stuck
	if now == (faults{}) {
		delete(m.faults, s.ID)
	} else {
		m.faults[s.ID] = now
	}
	m.live.Set(float64(m.total.live))
	m.stuck.Set(float64(m.total.stuck))
}

// Recall counts an experiment that is over without its batches: a log that was
// restored has its settled state only. Its verdict counts once, as the core
// gives one only.
func (m *Meters) Recall(s experiment.State) {
	m.faultsOf(s)
	switch s.Phase {
	case experiment.Denied:
		m.experiments.WithLabelValues(denied).Inc()
	case experiment.Concluded, experiment.Aborted:
		m.experiments.WithLabelValues(s.Verdict.String()).Inc()
	case experiment.Absent, experiment.Scheduled, experiment.Baselining, experiment.Injecting, experiment.Injected,
		experiment.RollingBack, experiment.Recovering, experiment.Stuck:
		// it is not over; its batches are noticed
	}
}

func count(s experiment.State) faults {
	var f faults
	for _, st := range s.Steps {
		switch st.Phase {
		case experiment.StuckStep:
			f.stuck++
			f.live++
		case experiment.Requested, experiment.Present, experiment.Undoing:
			f.live++
		case experiment.Waiting, experiment.Gone, experiment.Failed:
		}
	}
	return f
}

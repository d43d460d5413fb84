package judging_test

import (
	"strconv"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers/judging"
	"github.com/k2-platform/faultline/spec"
)

const second = spec.Duration(time.Second)

// testingT is what tests and properties have in common.
type testingT interface {
	require.TestingT
	Helper()
}

// at is a time of the trial, in seconds from its begin.
func at(seconds float64) time.Time {
	return time.Unix(1_800_000_000, 0).UTC().Add(time.Duration(seconds * float64(time.Second)))
}

func platform() spec.Platform {
	return spec.Platform{
		Metrics: map[string]spec.Metric{
			"load": {}, "availability": {}, "error_rate": {}, "response_time": {}, "data_age": {}, "ingestion_gap": {}, "unasked": {},
		},
		Services: map[string]spec.Health{"api": {}},
	}
}

func document() spec.Document {
	return spec.Document{
		Title: "t",
		Hypothesis: spec.Hypothesis{
			SteadyState: []spec.Rule{{Name: "light", Expr: "load < 10.0"}}, Maintains: []spec.Rule{{Expr: "availability >= 0.95"}},
			RecoversWithin: 30 * second, Healthy: []string{"api"},
		},
		Impact:   &spec.Impact{Rule: "load > 2.0 * baseline.load", Within: 10 * second},
		Triggers: []spec.Rule{{Name: "too many errors", Expr: "error_rate > 0.2"}},
		Steps:    []spec.Step{{ID: "s", Fault: spec.Fault{Kind: "none", Target: "x"}, For: 20 * second}},
		Baseline: spec.Baseline{Duration: 10 * second, Every: second},
		Limits:   spec.Limits{MaxFaultLife: 60 * second, RecoveryTimeout: 40 * second, TriggerGrace: 5 * second},
	}
}

// values of one tick; a metric that is left out is not read.
type values map[string]float64

func well() values {
	return values{"load": 4, "availability": 1, "error_rate": 0, "healthy.api": 1}
}

// but is well with some values changed; NaN leaves one out.
func but(change values) values {
	v := well()
	for name, x := range change {
		v[name] = x
		if x != x {
			delete(v, name)
		}
	}
	return v
}

// trial is an experiment whose log and clock the test moves on.
type trial struct {
	testingT
	doc     spec.Document
	judge   *judging.Judge
	batches []events.Batch
	states  []experiment.State // by version
	ticks   []events.Tick
	open    []judging.Due // of the last tick
	sent    int
}

func newTrial(t testingT, doc spec.Document) *trial {
	t.Helper()
	j, err := judging.New(doc.WithDefaults(), platform())
	require.NoError(t, err)
	r := &trial{testingT: t, doc: doc, judge: j, states: []experiment.State{{}}}
	r.do(0, commands.Schedule{Document: doc})
	r.do(0, commands.BeginBaseline{})
	return r
}

func (r *trial) state() experiment.State { return r.states[len(r.states)-1] }

// do sends a command that is not the judge's.
func (r *trial) do(seconds float64, c commands.Command) {
	r.Helper()
	r.sent++
	r.decide("c"+strconv.Itoa(r.sent), at(seconds), c)
}

func (r *trial) decide(id string, at time.Time, c commands.Command) {
	r.Helper()
	s := r.state()
	out, err := experiment.Decide(s, commands.Envelope{ID: id, Experiment: "x", At: at, Command: c})
	require.NoError(r, err)
	if len(out) == 0 {
		return
	}
	b := events.Batch{Experiment: "x", Version: s.Version + 1, Cause: id, At: at, Events: out}
	r.batches = append(r.batches, b)
	r.states = append(r.states, experiment.Evolve(s, b))
}

// tick judges a beat with readings that were taken at that moment.
func (r *trial) tick(seconds float64, v values) {
	r.judged(events.Tick{At: at(seconds), Readings: readings(seconds, v)})
}

func readings(seconds float64, v values) []events.Reading {
	var out []events.Reading
	for _, name := range []string{"availability", "data_age", "error_rate", "healthy.api", "ingestion_gap", "load", "response_time"} {
		if x, ok := v[name]; ok {
			out = append(out, events.Reading{Metric: name, Value: x, At: at(seconds)})
		}
	}
	return out
}

func (r *trial) judged(t events.Tick) []judging.Due {
	t.Experiment, t.Seq, t.Version = "x", uint64(len(r.ticks)+1), r.state().Version
	r.ticks = append(r.ticks, t)
	r.open = r.judge.Tick(r.state(), t)
	return r.open
}

// follow has the log take what is due.
func (r *trial) follow() {
	r.Helper()
	for _, due := range r.open {
		r.decide(due.ID, due.At, due.Command)
	}
}

// beat ticks every second from one time to another, with the same values, and
// the log takes what falls due.
func (r *trial) beat(from, to int, v values) {
	r.Helper()
	for i := from; i <= to; i++ {
		r.tick(float64(i), v)
		r.follow()
	}
}

// inject leads the trial to a fault that was seen after 12 seconds.
func (r *trial) inject() {
	r.Helper()
	r.beat(1, 11, well())
	require.Equal(r, experiment.Injecting, r.state().Phase, r.state().Reasons)
	r.do(12, commands.ReportInjected{Step: "s", SeenAt: at(12)})
}

// rollBack ends the fault as planned; it is seen gone at the time given.
func (r *trial) rollBack(seconds float64) {
	r.Helper()
	r.do(seconds, commands.EndStep{Step: "s"})
	r.do(seconds, commands.ReportRolledBack{Step: "s", Cause: events.Planned, SeenAt: at(seconds)})
	require.Equal(r, experiment.Recovering, r.state().Phase)
}

// owed is the open due of that name, or nil.
func (r *trial) owed(what string) commands.Command {
	for _, due := range r.open {
		if due.ID == "x/"+what {
			return due.Command
		}
	}
	return nil
}

// claim is how the log answered a claim.
func (r *trial) claim(c events.Claim, rule string) string {
	a, judged := r.state().Claim(c, rule)
	if !judged {
		return "open"
	}
	return a.String()
}

package experiment_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

func brokerStop() spec.Document {
	return spec.Document{
		Hypothesis: spec.Hypothesis{
			Maintains:      []spec.Rule{{Expr: "availability >= 0.95"}},
			RecoversWithin: spec.Duration(time.Minute),
			Tolerates:      &spec.Loss{Fraction: 0.01},
		},
		Impact: &spec.Impact{Rule: "ingestion_rate < 0.5 * baseline.ingestion_rate"},
		Steps:  []spec.Step{{ID: "stop", Fault: spec.Fault{Kind: "process.stop", Target: "kafka"}, For: spec.Duration(time.Second)}},
	}
}

// lasting is brokerStop with a fault that stays for so long.
func lasting(d time.Duration) spec.Document {
	out := brokerStop()
	out.Steps[0].For = spec.Duration(d)
	return out
}

// losing is brokerStop that tolerates some lost records.
func losing(acked int64) spec.Document {
	out := brokerStop()
	out.Hypothesis.Tolerates.Acked = acked
	return out
}

// differing are balanced books whose log and table are not the same.
func differing(l events.RecordLedger) events.BooksClosed {
	return events.BooksClosed{Balanced: true, Ledger: &l, Checks: []events.IntegrityCheck{
		{Check: "window_count", Answer: events.Violated}, {Check: "sequence_n", Answer: events.Violated},
	}}
}

func play(t *testing.T, cs ...commands.Command) experiment.State {
	t.Helper()
	var s experiment.State
	for i, c := range cs {
		out, err := experiment.Decide(s, commands.Envelope{ID: strconv.Itoa(i), Experiment: "x", At: time.Unix(int64(i), 0), Command: c})
		if err != nil {
			t.Fatal(err)
		}
		s = experiment.Evolve(s, events.Batch{Experiment: "x", Version: s.Version + 1, Cause: strconv.Itoa(i), At: time.Unix(int64(i), 0), Events: out})
	}
	return s
}

// story is a run in which all went well, with one command changed or left out.
func story(change map[int]commands.Command) []commands.Command {
	back := spec.Duration(10 * time.Second)
	cs := []commands.Command{
		0: commands.Schedule{Document: brokerStop()},
		1: commands.BeginBaseline{},
		2: commands.CompleteBaseline{Windows: 10},
		3: commands.ReportInjected{Step: "stop", SeenAt: time.Unix(3, 0)},
		4: commands.JudgeClaim{ClaimJudged: events.ClaimJudged{Claim: events.ClaimImpact, Rule: "ingestion_rate < 0.5 * baseline.ingestion_rate", Answer: events.Holds}},
		5: commands.JudgeClaim{ClaimJudged: events.ClaimJudged{Claim: events.ClaimMaintains, Rule: "availability >= 0.95", Answer: events.Holds}},
		6: commands.EndStep{Step: "stop"},
		7: commands.ReportRolledBack{Step: "stop", SeenAt: time.Unix(7, 0)},
		8: commands.ReportRecovery{RecoveryMeasured: events.RecoveryMeasured{Recovered: true, FromRollback: &back}},
		9: commands.CloseBooks{BooksClosed: events.BooksClosed{Balanced: true}},
	}
	for i, c := range change {
		cs[i] = c
	}
	out := cs[:0]
	for _, c := range cs {
		if c != nil {
			out = append(out, c)
		}
	}
	return out
}

func TestVerdicts(t *testing.T) {
	slow := spec.Duration(2 * time.Minute)
	cases := map[string]struct {
		change  map[int]commands.Command
		phase   experiment.Phase
		verdict events.Verdict
		exit    int
	}{
		"all claims hold":      {nil, experiment.Concluded, events.Upheld, experiment.ExitUpheld},
		"baseline unsteady":    {map[int]commands.Command{2: commands.CompleteBaseline{Windows: 10, Broken: 1}}, experiment.Concluded, events.Inconclusive, experiment.ExitInconclusive},
		"no baseline windows":  {map[int]commands.Command{2: commands.CompleteBaseline{}}, experiment.Concluded, events.Inconclusive, experiment.ExitInconclusive},
		"impact not seen":      {map[int]commands.Command{4: nil}, experiment.Concluded, events.Inconclusive, experiment.ExitInconclusive},
		"claim never answered": {map[int]commands.Command{5: nil}, experiment.Concluded, events.Inconclusive, experiment.ExitInconclusive},
		"claim violated": {
			map[int]commands.Command{5: commands.JudgeClaim{ClaimJudged: events.ClaimJudged{Claim: events.ClaimMaintains, Rule: "availability >= 0.95", Answer: events.Violated}}},
			experiment.Concluded, events.Refuted, experiment.ExitRefuted,
		},
		"trigger": {
			map[int]commands.Command{6: commands.Trigger{RollbackTriggered: events.RollbackTriggered{Rule: "r", Answer: events.Holds}}},
			experiment.Concluded, events.Refuted, experiment.ExitRefuted,
		},
		"abort": {map[int]commands.Command{6: commands.Abort{Reason: "enough"}, 8: nil, 9: nil}, experiment.Aborted, events.Inconclusive, experiment.ExitAborted},
		"halt":  {map[int]commands.Command{6: commands.Halt{Order: "h", Why: "enough"}, 8: nil, 9: nil}, experiment.Aborted, events.Inconclusive, experiment.ExitAborted},
		"an agent obeys a halt first": {
			map[int]commands.Command{6: nil, 7: commands.ReportRolledBack{Step: "stop", Cause: events.Halt, SeenAt: time.Unix(7, 0)}, 8: nil, 9: nil},
			experiment.Aborted, events.Inconclusive, experiment.ExitAborted,
		},
		"an agent hears of a trigger first": {
			map[int]commands.Command{
				6: commands.ReportRolledBack{Step: "stop", Cause: events.Trigger, Why: "r", SeenAt: time.Unix(6, 0)},
				7: commands.Trigger{RollbackTriggered: events.RollbackTriggered{Rule: "r", Answer: events.Holds}},
			},
			experiment.Concluded, events.Refuted, experiment.ExitRefuted,
		},
		"only an agent hears of a trigger": {
			map[int]commands.Command{6: nil, 7: commands.ReportRolledBack{Step: "stop", Cause: events.Trigger, Why: "r", SeenAt: time.Unix(7, 0)}},
			experiment.Concluded, events.Refuted, experiment.ExitRefuted,
		},
		"stuck":        {map[int]commands.Command{7: commands.ReportStuck{Step: "stop"}, 8: nil, 9: nil}, experiment.Stuck, events.Inconclusive, experiment.ExitNotRecovered},
		"agent died":   {map[int]commands.Command{6: nil, 7: commands.ReportRolledBack{Step: "stop", Cause: events.AgentRestart, SeenAt: time.Unix(7, 0)}}, experiment.Concluded, events.Inconclusive, experiment.ExitInconclusive},
		"inject fails": {map[int]commands.Command{3: commands.ReportInjectionFailed{Step: "stop", Why: "no process"}}, experiment.Concluded, events.Inconclusive, experiment.ExitInconclusive},
		"too slow":     {map[int]commands.Command{8: commands.ReportRecovery{RecoveryMeasured: events.RecoveryMeasured{Recovered: true, FromRollback: &slow}}}, experiment.Concluded, events.Refuted, experiment.ExitRefuted},
		"too slow, or unseen": {
			map[int]commands.Command{8: commands.ReportRecovery{RecoveryMeasured: events.RecoveryMeasured{Recovered: true, FromRollback: &slow, Why: "a gap"}}},
			experiment.Concluded, events.Inconclusive, experiment.ExitInconclusive,
		},
		"gone long before its end was asked for": {
			map[int]commands.Command{0: commands.Schedule{Document: lasting(time.Minute)}}, experiment.Concluded, events.Inconclusive, experiment.ExitInconclusive,
		},
		"found gone when it was to end as planned": {
			map[int]commands.Command{7: commands.ReportRolledBack{Step: "stop", Cause: events.Failure, Why: "it went by itself before its end", SeenAt: time.Unix(7, 0)}},
			experiment.Concluded, events.Inconclusive, experiment.ExitInconclusive,
		},
		"never back": {map[int]commands.Command{8: commands.ReportRecovery{RecoveryMeasured: events.RecoveryMeasured{Why: "lag"}}}, experiment.Concluded, events.Refuted, experiment.ExitNotRecovered},
		"lost an acknowledged record": {
			map[int]commands.Command{9: commands.CloseBooks{BooksClosed: events.BooksClosed{Balanced: true, LostAcked: 1}}},
			experiment.Concluded, events.Refuted, experiment.ExitRefuted,
		},
		"a check of the table is violated": {
			map[int]commands.Command{9: commands.CloseBooks{BooksClosed: events.BooksClosed{Balanced: true, Checks: []events.IntegrityCheck{{Check: "c", Answer: events.Holds}, {Check: "d", Answer: events.Violated}}}}},
			experiment.Concluded, events.Refuted, experiment.ExitRefuted,
		},
		"log and table differ": {
			map[int]commands.Command{9: commands.CloseBooks{BooksClosed: differing(events.RecordLedger{Complete: true})}},
			experiment.Concluded, events.Refuted, experiment.ExitRefuted,
		},
		"log and table differ by as much as is tolerated": {
			map[int]commands.Command{
				0: commands.Schedule{Document: losing(2)},
				9: commands.CloseBooks{BooksClosed: differing(events.RecordLedger{Complete: true, Classes: map[string]int64{"lost_acked": 2}})},
			},
			experiment.Concluded, events.Upheld, experiment.ExitUpheld,
		},
		"log and table differ by more": {
			map[int]commands.Command{
				0: commands.Schedule{Document: losing(2)},
				9: commands.CloseBooks{BooksClosed: differing(events.RecordLedger{Complete: true, Classes: map[string]int64{"lost_acked": 3}})},
			},
			experiment.Concluded, events.Refuted, experiment.ExitRefuted,
		},
		"log and table differ, and nobody counted by how much": {
			map[int]commands.Command{0: commands.Schedule{Document: losing(2)}, 9: commands.CloseBooks{BooksClosed: differing(events.RecordLedger{})}},
			experiment.Concluded, events.Inconclusive, experiment.ExitInconclusive,
		},
		"a check of the table could not run": {
			map[int]commands.Command{9: commands.CloseBooks{BooksClosed: events.BooksClosed{Balanced: true, Checks: []events.IntegrityCheck{{Check: "c"}}}}},
			experiment.Concluded, events.Inconclusive, experiment.ExitInconclusive,
		},
		"every check of the table holds": {
			map[int]commands.Command{9: commands.CloseBooks{BooksClosed: events.BooksClosed{Balanced: true, Checks: []events.IntegrityCheck{{Check: "c", Answer: events.Holds}}}}},
			experiment.Concluded, events.Upheld, experiment.ExitUpheld,
		},
		"books could not be read": {map[int]commands.Command{9: commands.CloseBooks{BooksClosed: events.BooksClosed{Why: "table"}}}, experiment.Concluded, events.Inconclusive, experiment.ExitInconclusive},
		"denied":                  {map[int]commands.Command{1: commands.Deny{Reasons: []string{"unknown target"}}}, experiment.Denied, events.Inconclusive, experiment.ExitInvalid},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := play(t, story(c.change)...)
			if s.Phase != c.phase || s.Verdict != c.verdict || experiment.ExitCode(s) != c.exit {
				t.Errorf("got %s %s exit %d, want %s %s exit %d; reasons %q",
					s.Phase, s.Verdict, experiment.ExitCode(s), c.phase, c.verdict, c.exit, s.Reasons)
			}
		})
	}
}

func TestRefusalIsAnEventThatSaysWhy(t *testing.T) {
	out, err := experiment.Decide(experiment.State{}, commands.Envelope{ID: "c1", Experiment: "nobody", Command: commands.Abort{}})
	if err != nil || len(out) != 1 {
		t.Fatalf("got %v, %v", out, err)
	}
	r, ok := out[0].(events.CommandRefused)
	if !ok || r.Command != "c1" || r.Why == "" {
		t.Errorf("got %+v", out[0])
	}
}

// TestWhatAFaultLeavesIsInItsEvent has an agent that tells of it.
func TestWhatAFaultLeavesIsInItsEvent(t *testing.T) {
	s := play(t, story(nil)[:7]...)
	out, err := experiment.Decide(s, commands.Envelope{
		ID: "c7", Experiment: "x", At: time.Unix(7, 0), Command: commands.ReportRolledBack{Step: "stop", Cause: events.Planned, Stays: []string{"id 3"}},
	})
	if err != nil || len(out) == 0 {
		t.Fatalf("got %v, %v", out, err)
	}
	if gone, ok := out[0].(events.FaultRolledBack); !ok || !slices.Equal(gone.Stays, []string{"id 3"}) {
		t.Errorf("got %+v", out[0])
	}
}

// A fault that went although nobody had asked for it is no planned end: the
// next step must not begin, least of all in an experiment that is over.
func TestUnaskedRollbackStartsNoFurtherStep(t *testing.T) {
	d := brokerStop()
	d.Steps[0].For = 0
	d.Steps = append(d.Steps, spec.Step{ID: "second"})
	s := play(t, commands.Schedule{Document: d}, commands.BeginBaseline{}, commands.CompleteBaseline{Windows: 10},
		commands.ReportRolledBack{Step: "stop", Cause: events.Planned, SeenAt: time.Unix(3, 0)})
	if len(s.Requests()) != 0 || s.Phase != experiment.Concluded || s.Verdict != events.Inconclusive {
		t.Errorf("%s %s, requested %v", s.Phase, s.Verdict, s.Requests())
	}
}

package experiment_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

// checkRadius sees accepted batches: no baseline begins beside a decision that
// does not allow it, and where somebody was asked, or the place is production,
// none without the approval of a second person.
func checkRadius(t *rapid.T, log []events.Batch) {
	var s experiment.State
	asked, approvals := false, 0
	for _, b := range log {
		if !experiment.Accepts(s, b) {
			continue
		}
		s = experiment.Evolve(s, b)
		var decision *events.BlastRadiusDecided
		for _, event := range b.Events {
			if e, ok := event.(events.BlastRadiusDecided); ok {
				decision = &e
			}
			if _, ok := event.(events.ApprovalRequested); ok {
				asked = true
			}
			if e, ok := event.(events.ExperimentApproved); ok {
				approvals++
				if !asked || spec.Person(e.By) == "" || spec.Person(e.By) == spec.Person(s.By) {
					t.Fatalf("%q approved what %q asked for; asked %t", e.By, s.By, asked)
				}
			}
			if _, ok := event.(events.BaselineStarted); ok {
				alone := asked || s.Document.Environment == spec.Production || decision != nil && decision.NeedsApproval
				if decision != nil && !decision.Allowed || alone && approvals == 0 {
					t.Fatalf("a baseline began on %+v with %d approvals", decision, approvals)
				}
			}
		}
	}
	if approvals > 1 {
		t.Fatalf("%d approvals", approvals)
	}
}

func TestApproval(t *testing.T) {
	asks := commands.RequestApproval{Decision: events.BlastRadiusDecided{NeedsApproval: true, Reasons: []string{"production"}}}
	may := commands.BeginBaseline{Decision: &events.BlastRadiusDecided{Allowed: true, NeedsApproval: true}}
	type step struct {
		by, want string // "" where it is taken, else a part of why it is refused
		command  commands.Command
	}
	schedule := func(environment string) step {
		d := brokerStop()
		d.Environment = environment
		return step{"alice@laptop", "", commands.Schedule{Document: d}}
	}
	cases := map[string][]step{
		"a second person approves": {
			schedule("production"), {"c", "", asks}, {"c", "waits for a second person", may}, {"bob@laptop", "", commands.Approve{}}, {"c", "", may},
		},
		"the requester cannot":        {schedule("staging"), {"c", "", asks}, {"Alice@desktop", "ask a second person", commands.Approve{}}},
		"nobody cannot":               {schedule("staging"), {"c", "", asks}, {"", "nobody is named", commands.Approve{}}},
		"an unknown user cannot":      {schedule("staging"), {"c", "", asks}, {"unknown@host", "nobody is named", commands.Approve{}}},
		"twice is once":               {schedule("staging"), {"c", "", asks}, {"bob", "", commands.Approve{}}, {"carol", "by bob already", commands.Approve{}}},
		"not asked for":               {schedule("staging"), {"bob", "nobody asked", commands.Approve{}}},
		"of nothing":                  {{"bob", "nothing to approve", commands.Approve{}}},
		"asked for twice":             {schedule("staging"), {"c", "", asks}, {"c", "already", asks}},
		"asked for without a need":    {schedule("staging"), {"c", "nobody's approval", commands.RequestApproval{}}},
		"production, no decision":     {schedule("production"), {"c", "production needs", commands.BeginBaseline{}}},
		"production, nobody approved": {schedule("production"), {"c", "production needs", commands.BeginBaseline{Decision: &events.BlastRadiusDecided{Allowed: true}}}},
		"a decision that denies":      {schedule("staging"), {"c", "does not allow", commands.BeginBaseline{Decision: &events.BlastRadiusDecided{}}}},
		"a decision that asks":        {schedule("staging"), {"c", "needs the approval", may}},
		"after its end":               {schedule("staging"), {"c", "", asks}, {"c", "", commands.Deny{Reasons: []string{"no"}}}, {"bob", "nobody asked", commands.Approve{}}},
	}
	for name, steps := range cases {
		t.Run(name, func(t *testing.T) {
			var s experiment.State
			for i, st := range steps {
				id := string(rune('a' + i))
				out, err := experiment.Decide(s, commands.Envelope{ID: id, Experiment: "x", By: st.by, Command: st.command})
				if err != nil {
					t.Fatal(err)
				}
				r, isRefused := out[0].(events.CommandRefused)
				if isRefused != (st.want != "") || !strings.Contains(r.Why, st.want) {
					t.Fatalf("step %d: %T by %q gives %+v, want %q", i, st.command, st.by, out, st.want)
				}
				s = experiment.Evolve(s, events.Batch{Experiment: "x", Version: s.Version + 1, Cause: id, Events: out})
			}
		})
	}
}

func TestADecisionStandsInTheBatchOfWhatItLedTo(t *testing.T) {
	no := &events.BlastRadiusDecided{Reasons: []string{"no"}}
	s := play(t, commands.Schedule{Document: brokerStop(), IKnow: true}, commands.Deny{Reasons: no.Reasons, Decision: no})
	if s.Phase != experiment.Denied || s.Radius == nil || !s.IKnow || s.Version != 2 {
		t.Errorf("%s at version %d, decision %v", s.Phase, s.Version, s.Radius)
	}
}

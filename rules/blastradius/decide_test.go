package blastradius_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/rules/blastradius"
	"github.com/k2-platform/faultline/spec"
)

const strict = `faultline_policy: v1
name: strict
environments:
  staging:
    allows: {safe: [all_services], caution: [kafka-1, kafka-2, sink]}
    limits: {max_live_faults: 2, max_per_target: 1}
  production:
    allows: {safe: [sink], caution: [sink]}
`

func parse(t require.TestingT, text string) blastradius.Policy {
	p, problems := blastradius.Parse([]byte(text))
	require.NoError(t, problems.Err())
	return p
}

// inputs are those of a stop of one of two healthy brokers, on which a pause
// ended upheld before.
func inputs() events.RadiusInputs {
	one, both := 1, []spec.TargetName{"kafka-1", "kafka-2"}
	return events.RadiusInputs{
		Experiment: "x", Environment: "staging", BlastRadius: spec.Isolated, Requester: "alice@laptop",
		At: time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC), AtOnce: 1, PerTarget: map[spec.TargetName]int{"kafka-1": 1},
		Faults: []events.RadiusFault{{
			Step: "stop", Kind: "process.stop", Risk: "caution", Target: "kafka-1", Members: []spec.TargetName{"kafka-1"},
			UpheldSmaller: &one, Brokers: []events.BrokerGroup{{Name: "kafka", Members: both, Healthy: &both}},
		}},
		Live: &events.LiveFaults{},
	}
}

// TestTruthTable changes one input at a time. want is the rule that denies, and
// a part of what it says; nothing where it is allowed.
func TestTruthTable(t *testing.T) {
	none, first, second := 0, []spec.TargetName{"kafka-1"}, []spec.TargetName{"kafka-2"}
	fault := func(change func(*events.RadiusFault)) func(*events.RadiusInputs) {
		return func(in *events.RadiusInputs) { change(&in.Faults[0]) }
	}
	live := func(total int, on map[spec.TargetName]int) func(*events.RadiusInputs) {
		return func(in *events.RadiusInputs) { in.Live = &events.LiveFaults{Total: total, PerTarget: on} }
	}
	for name, c := range map[string]struct {
		change func(*events.RadiusInputs)
		want   string
	}{
		"all is well":                 {func(*events.RadiusInputs) {}, ""},
		"another place":               {func(in *events.RadiusInputs) { in.Environment = "test" }, "environment: the policy does not name test"},
		"no place":                    {func(in *events.RadiusInputs) { in.Environment = "" }, "missing: environment"},
		"no faults":                   {func(in *events.RadiusInputs) { in.Faults = nil }, "missing: faults"},
		"a target that is not there":  {fault(func(f *events.RadiusFault) { f.Members = nil }), "blast radius: step stop: target kafka-1 matches nothing"},
		"a group":                     {fault(func(f *events.RadiusFault) { f.Members = []spec.TargetName{"kafka-1", "sink"} }), "reaches kafka-1, sink"},
		"two at once":                 {func(in *events.RadiusInputs) { in.AtOnce = 2 }, "2 can be in place at once"},
		"an unknown size":             {func(in *events.RadiusInputs) { in.BlastRadius = "huge" }, `"huge" is no size`},
		"no size is isolated":         {func(in *events.RadiusInputs) { in.BlastRadius, in.AtOnce = "", 2 }, "isolated means one live fault"},
		"several, within limits":      {func(in *events.RadiusInputs) { in.BlastRadius, in.AtOnce = spec.Several, 2 }, ""},
		"several, beyond limits":      {func(in *events.RadiusInputs) { in.BlastRadius, in.AtOnce = spec.Several, 3 }, "max live faults: 0 live faults"},
		"a risk that is not allowed":  {fault(func(f *events.RadiusFault) { f.Risk = "dangerous" }), "risk: step stop: process.stop is dangerous, which staging allows on nothing"},
		"a risk that nobody knows":    {fault(func(f *events.RadiusFault) { f.Risk = "fun" }), "risk: step stop"},
		"a target that is not listed": {fault(func(f *events.RadiusFault) { f.Target, f.Members = "query", []spec.TargetName{"query"} }), "risk: step stop: process.stop is caution, which staging allows on kafka-1, kafka-2, sink, not on query"},
		"others are at it":            {live(2, nil), "max live faults: 2 live faults"},
		"there is room for one":       {live(1, nil), ""},
		"another is on it":            {live(1, map[spec.TargetName]int{"kafka-1": 1}), "max per target: 1 live faults on kafka-1"},
		"another takes the other":     {live(1, map[spec.TargetName]int{"kafka-2": 1}), "last broker: step stop"},
		"live faults not known":       {func(in *events.RadiusInputs) { in.Live = nil }, "missing: live.total"},
		"the last broker":             {fault(func(f *events.RadiusFault) { f.Brokers[0].Healthy = &first }), "leaves no healthy broker of kafka"},
		"the last one is already ill": {fault(func(f *events.RadiusFault) { f.Brokers[0].Healthy = &[]spec.TargetName{} }), "healthy now: none"},
		"one that is ill already":     {fault(func(f *events.RadiusFault) { f.Brokers[0].Healthy = &second }), ""},
		"health not known":            {fault(func(f *events.RadiusFault) { f.Brokers[0].Healthy = nil }), "missing: brokers.kafka.healthy"},
		"serves on the last broker":   {fault(func(f *events.RadiusFault) { f.Serves, f.Brokers[0].Healthy = true, &first }), ""},
		"nothing ran before":          {fault(func(f *events.RadiusFault) { f.UpheldSmaller = &none }), "start small: step stop: nothing of lower risk"},
		"nothing, and they know":      {func(in *events.RadiusInputs) { in.IKnow, in.Faults[0].UpheldSmaller = true, &none }, ""},
		"history not known":           {fault(func(f *events.RadiusFault) { f.UpheldSmaller = nil }), "missing: fault.upheld_smaller"},
		"safe needs no history":       {fault(func(f *events.RadiusFault) { f.Risk, f.UpheldSmaller = "safe", nil }), ""},
		"a control needs nothing": {func(in *events.RadiusInputs) {
			f := &in.Faults[0]
			f.Kind, f.Risk, f.Harmless, f.UpheldSmaller, f.Brokers = "none", "safe", true, nil, nil
			in.AtOnce, in.PerTarget, in.Live = 0, nil, nil
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := inputs()
			c.change(&in)
			d := blastradius.Decide(parse(t, strict), in)
			assert.Equal(t, c.want == "", d.Allowed, d.Reasons)
			assert.Contains(t, strings.Join(d.Reasons, "; "), c.want)
			assert.Equal(t, in, d.Inputs, "a decision carries what it was made of")
		})
	}
}

func TestProduction(t *testing.T) {
	onSink := func(change func(*events.RadiusInputs)) events.RadiusInputs {
		in := inputs()
		in.Environment, in.PerTarget = spec.Production, map[spec.TargetName]int{"sink": 1}
		in.Faults[0].Target, in.Faults[0].Members, in.Faults[0].Brokers = "sink", []spec.TargetName{"sink"}, nil
		change(&in)
		return in
	}
	builtIn, err := blastradius.Default()
	require.NoError(t, err)
	d := blastradius.Decide(builtIn, onSink(func(in *events.RadiusInputs) { in.ApprovedBy, in.IKnow = "bob@laptop", true }))
	assert.False(t, d.Allowed)
	assert.Contains(t, d.Reasons[0], "production is refused")
	named := parse(t, strict)
	for name, c := range map[string]struct {
		approvedBy      string
		requester, want string
		allowed, asks   bool
	}{
		"nobody approved":        {"", "alice@laptop", "needs a second person beside alice@laptop: faultline approve x", false, true},
		"the requester did":      {"ALICE@desktop", "alice@laptop", "cannot approve what they ask for", false, true},
		"an unknown user did":    {"unknown@host", "alice@laptop", "needs a second person", false, true},
		"a second person did":    {"bob@laptop", "alice@laptop", "", true, true},
		"nobody knows who asked": {"bob@laptop", "", "missing: requester", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := blastradius.Decide(named, onSink(func(in *events.RadiusInputs) { in.ApprovedBy, in.Requester = c.approvedBy, c.requester }))
			assert.Equal(t, []bool{c.allowed, c.asks}, []bool{d.Allowed, d.NeedsApproval}, d.Reasons)
			assert.Contains(t, strings.Join(d.Reasons, "; "), c.want)
		})
	}
	d = blastradius.Decide(named, onSink(func(in *events.RadiusInputs) { in.Live = nil }))
	assert.False(t, d.NeedsApproval, "nobody is asked about what is denied anyway")
}

func TestTheBuiltInPolicyLetsASandboxLoseItsOnlyBroker(t *testing.T) {
	p, err := blastradius.Default()
	require.NoError(t, err)
	in := inputs()
	none, only := 0, []spec.TargetName{"kafka-1"}
	in.Faults[0].UpheldSmaller, in.Faults[0].Brokers = &none, []events.BrokerGroup{{Name: "kafka-1", Members: only, Healthy: &only}}
	for environment, want := range map[string]bool{"development": true, "test": true, "staging": false} {
		in.Environment = environment
		d := blastradius.Decide(p, in)
		assert.Equal(t, want, d.Allowed, d.Reasons)
		if want {
			assert.Contains(t, d.Warnings[0], "start small")
		} else {
			assert.Len(t, d.Reasons, 2, "last broker and start small")
		}
	}
}

// TestNothingIsLetInByDefault takes inputs away at random from a decision that
// allows, under the strictest policy: it never turns a denial into a yes.
func TestNothingIsLetInByDefault(t *testing.T) {
	takeAway := []func(*events.RadiusInputs){
		func(in *events.RadiusInputs) { in.Live = nil },
		func(in *events.RadiusInputs) { in.Requester = "" },
		func(in *events.RadiusInputs) { in.At = time.Time{} },
		func(in *events.RadiusInputs) { in.Traffic = events.Traffic{} },
		func(in *events.RadiusInputs) { in.Faults[0].UpheldSmaller = nil },
		func(in *events.RadiusInputs) { in.Faults[0].Brokers[0].Healthy = nil },
		func(in *events.RadiusInputs) { in.Faults[0].Members = nil },
		func(in *events.RadiusInputs) { in.Faults = nil },
		func(in *events.RadiusInputs) { in.Environment = "" },
	}
	p := parse(t, strings.Replace(strict, "    limits:", `    windows: [{from: "00:00", to: "24:00", time_zone: UTC}]
    limits:`, 1)+`rules:
  - {name: busy, rule: traffic.ingestion_rate > 3.0 * traffic.week_median, why: busy}
  - {name: somebody, rule: requester == "mallory@m", why: mallory}
  - {name: crowd, rule: live.total > 5, why: crowded}
`)
	rate, median := 100.0, 90.0
	fill := func() events.RadiusInputs {
		in := inputs()
		in.Traffic = events.Traffic{IngestionRate: &rate, WeekMedian: &median}
		return in
	}
	require.True(t, blastradius.Decide(p, fill()).Allowed)
	rapid.Check(t, func(t *rapid.T) {
		in := fill()
		all := rapid.Permutation(takeAway).Draw(t, "which")
		for _, take := range all[:rapid.IntRange(1, len(all)).Draw(t, "n")] {
			if len(in.Faults) > 0 {
				take(&in)
			}
		}
		d := blastradius.Decide(p, in)
		if d.Allowed || len(d.Reasons) == 0 {
			t.Fatalf("allowed without %+v", in)
		}
	})
}

func TestZeroPolicyAndZeroInputsDeny(t *testing.T) {
	assert.False(t, blastradius.Decide(blastradius.Policy{}, inputs()).Allowed)
	assert.False(t, blastradius.Decide(parse(t, strict), events.RadiusInputs{}).Allowed)
	assert.False(t, blastradius.Decide(blastradius.Policy{}, events.RadiusInputs{}).Allowed)
}

func TestDecideIsPure(t *testing.T) {
	p := parse(t, strict)
	in, same := inputs(), inputs()
	first := blastradius.Decide(p, in)
	assert.Equal(t, first, blastradius.Decide(p, in))
	assert.Equal(t, same, in)
	assert.True(t, slices.ContainsFunc(first.Rules, func(r events.RadiusRule) bool { return r.Name == "last_broker" }))
}

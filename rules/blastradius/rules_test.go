package blastradius_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/rules/blastradius"
)

func TestMistakesInRulesHaveAPlace(t *testing.T) {
	head := "faultline_policy: v1\nname: n\nrules:\n  - name: r\n    why: w\n    rule: "
	for expr, want := range map[string]string{
		`fault.riks == "caution"`:                  `ours.yaml:6:11: error: rules[0].rule: unknown name fault.riks; did you mean fault.risk?`,
		`live.total > 1 && targt.name == "x"`:      `ours.yaml:6:29: error: rules[0].rule: unknown name targt.name; did you mean target.name?`,
		`traffic.ingestion_rate > 3 * live.total `: ``,
		`traffic.ingestion_rate * 3 > 1.0`:         `write 3.0 in place of 3`,
		`fault.risk`:                               `a rule is true or false, this one gives string`,
		`1 < 2`:                                    `always answers the same`,
		`fault.risk = "safe"`:                      `write == to compare`,
		`environment == "`:                         `ours.yaml:6:`,
		`wether.rain > 1`:                          `a rule may read environment, experiment.at_once`,
	} {
		t.Run(expr, func(t *testing.T) {
			_, problems := blastradius.Parse([]byte(head + expr + "\n"))
			err := problems.In("ours.yaml").Err()
			if want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, want)
		})
	}
}

func TestRules(t *testing.T) {
	rate, busy := 100.0, 400.0
	for name, c := range map[string]struct {
		rule   string
		change func(*events.RadiusInputs)
		want   events.Answer // of the rule: Holds is in bounds
		why    string
	}{
		"kind":               {`fault.kind == "process.stop"`, nil, events.Violated, "because"},
		"not the kind":       {`fault.kind == "process.kill"`, nil, events.Holds, ""},
		"name and risk":      {`target.name.startsWith("kafka") && fault.risk != "safe"`, nil, events.Violated, "because"},
		"a member":           {`target.members.exists(m, m == "kafka-1")`, nil, events.Violated, "because"},
		"a broker":           {`target.broker && environment == "staging"`, nil, events.Violated, "because"},
		"weekday":            {`time.weekday in ["sat", "sun"] || time.hour >= 18`, nil, events.Holds, ""},
		"hour of the zone":   {`time.hour == 14`, nil, events.Violated, "because"}, // 03:00 UTC is 14:00 in Sydney, in summer
		"moment":             {`time.now > timestamp("2026-12-24T00:00:00Z")`, nil, events.Holds, ""},
		"requester":          {`!requester.startsWith("alice@")`, nil, events.Holds, ""},
		"no requester":       {`!requester.startsWith("alice@")`, func(in *events.RadiusInputs) { in.Requester = "" }, events.Unknown, "requester"},
		"no time":            {`time.hour < 9`, func(in *events.RadiusInputs) { in.At = time.Time{} }, events.Unknown, "time.hour"},
		"live":               {`live.total > 0 || live.on_target > 0`, nil, events.Holds, ""},
		"live not known":     {`live.total > 0`, func(in *events.RadiusInputs) { in.Live = nil }, events.Unknown, "live.total"},
		"settled without it": {`live.total > 0 && fault.risk == "safe"`, func(in *events.RadiusInputs) { in.Live = nil }, events.Holds, ""},
		"calm": {`traffic.ingestion_rate > 3.0 * traffic.week_median`, func(in *events.RadiusInputs) {
			in.Traffic = events.Traffic{IngestionRate: &rate, WeekMedian: &rate}
		}, events.Holds, ""},
		"busy": {`traffic.ingestion_rate > 3.0 * traffic.week_median`, func(in *events.RadiusInputs) {
			in.Traffic = events.Traffic{IngestionRate: &busy, WeekMedian: &rate}
		}, events.Violated, "because"},
		"no week": {`traffic.ingestion_rate > 3.0 * traffic.week_median`, func(in *events.RadiusInputs) {
			in.Traffic = events.Traffic{IngestionRate: &busy}
		}, events.Unknown, "traffic.week_median"},
		"label":            {`experiment.labels.team != "data"`, func(in *events.RadiusInputs) { in.Labels = map[string]string{"team": "data"} }, events.Holds, ""},
		"no such label":    {`experiment.labels.team != "data"`, nil, events.Unknown, "no such key: team"},
		"label asked for":  {`!("ticket" in experiment.labels)`, nil, events.Violated, "because"},
		"division by zero": {`live.total / experiment.at_once > 1`, func(in *events.RadiusInputs) { in.AtOnce = 0 }, events.Unknown, "cannot be told"},
	} {
		t.Run(name, func(t *testing.T) {
			p := parse(t, strict+"rules:\n  - {name: ours, why: because, rule: '"+c.rule+"'}\ntime_zone: Australia/Sydney\n")
			in := inputs()
			if c.change != nil {
				c.change(&in)
			}
			d := blastradius.Decide(p, in)
			for _, r := range d.Rules {
				if r.Name == "ours" {
					assert.Equal(t, c.want.String(), r.Answer.String(), r)
					assert.Contains(t, blastradius.Sentence(r), c.why)
				}
			}
			if c.want != events.Holds {
				assert.False(t, d.Allowed)
				assert.Contains(t, strings.Join(d.Reasons, "; "), "ours: ")
			}
		})
	}
}

func TestARuleCountsWhereItSaysSo(t *testing.T) {
	rule := "rules:\n  - {name: ours, why: w, environments: [production], rule: traffic.week_median > 0.0}\n"
	p := parse(t, strict+rule)
	assert.True(t, blastradius.Decide(p, inputs()).Allowed)
	assert.False(t, p.Reads("staging", blastradius.WeekMedian))
	assert.True(t, p.Reads("production", blastradius.WeekMedian))
}

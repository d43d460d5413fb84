package blastradius_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/rules/blastradius"
	"github.com/k2-platform/faultline/spec"
)

// guide is the example of docs/POLICY.md.
func guide(t *testing.T) blastradius.Policy {
	t.Helper()
	page, err := os.ReadFile("../../docs/POLICY.md")
	require.NoError(t, err)
	blocks := strings.Split(string(page), "```yaml\n")
	require.Len(t, blocks, 2, "this test knows one example; test the others too")
	example, _, _ := strings.Cut(blocks[1], "```")
	return parse(t, example)
}

// TestTheGuideIsTrue holds the example to what the guide says of it.
func TestTheGuideIsTrue(t *testing.T) {
	p := guide(t)
	monday := time.Date(2026, 11, 23, 18, 30, 0, 0, sydney(t))
	calm, busy := 100.0, 200.0
	fill := func(change func(*events.RadiusInputs)) events.RadiusInputs {
		in := inputs()
		in.At, in.Labels = monday, map[string]string{"team": "data"}
		in.Traffic = events.Traffic{IngestionRate: &calm, WeekMedian: &calm}
		change(&in)
		return in
	}
	for name, c := range map[string]struct {
		change func(*events.RadiusInputs)
		want   string
	}{
		"it may":           {func(*events.RadiusInputs) {}, ""},
		"too early":        {func(in *events.RadiusInputs) { in.At = monday.Add(-time.Hour) }, "window"},
		"Saturday morning": {func(in *events.RadiusInputs) { in.At = time.Date(2026, 11, 28, 5, 0, 0, 0, sydney(t)) }, "no kill"},
		"busy":             {func(in *events.RadiusInputs) { in.Traffic.IngestionRate = &busy }, "calm traffic: the market is busier"},
		"no week":          {func(in *events.RadiusInputs) { in.Traffic.WeekMedian = nil }, "missing: traffic.week_median"},
		"no owner":         {func(in *events.RadiusInputs) { in.Labels = nil }, "owners"},
		"not listed":       {func(in *events.RadiusInputs) { in.Faults[0].Target, in.Faults[0].Members = "q", []spec.TargetName{"q"} }, "risk"},
		"production":       {func(in *events.RadiusInputs) { in.Environment = spec.Production }, "risk"},
	} {
		t.Run(name, func(t *testing.T) {
			in := fill(c.change)
			if name == "Saturday morning" {
				in.Faults[0].Kind = "process.kill"
			}
			d := blastradius.Decide(p, in)
			assert.Equal(t, c.want == "", d.Allowed, d.Reasons)
			assert.Contains(t, strings.Join(d.Reasons, "; "), c.want)
		})
	}
}

func TestTheGuideNamesEveryInputAndCheck(t *testing.T) {
	page, err := os.ReadFile("../../docs/POLICY.md")
	require.NoError(t, err)
	_, problems := blastradius.Parse([]byte("faultline_policy: v1\nname: n\nrules: [{name: r, why: w, rule: 'wether.rain > 1'}]\n"))
	_, names, ok := strings.Cut(problems.Err().Error(), "a rule may read ")
	require.True(t, ok)
	for name := range strings.SplitSeq(names, ", ") {
		group, part, dotted := strings.Cut(name, ".")
		named := strings.Contains(string(page), "`"+name+"`") || dotted && strings.Contains(string(page), "`"+group+".") && strings.Contains(string(page), "`."+part+"`")
		assert.True(t, named, name)
	}
	for _, r := range blastradius.Decide(guide(t), inputs()).Rules[:8] {
		assert.Contains(t, string(page), "`"+r.Name+"`")
	}
}

func sydney(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Australia/Sydney")
	require.NoError(t, err)
	return zone
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

// in moves the platform to another environment, under a policy of its own.
func (l *life) in(environment, policy string) {
	l.t.Helper()
	text, err := os.ReadFile(l.file)
	require.NoError(l.t, err)
	require.NoError(l.t, os.WriteFile(l.file, []byte(strings.Replace(string(text), "environment: test", "environment: "+environment, 1)), 0o600))
	file := filepath.Join(l.home, "policy.yaml")
	require.NoError(l.t, os.WriteFile(file, []byte("faultline_policy: v1\nname: ours\n"+policy), 0o600))
	l.t.Setenv("FAULTLINE_POLICY", file)
}

func TestProductionIsRefusedUntilItIsNamedAndASecondPersonApproved(t *testing.T) {
	l := newLife(t)
	l.in("production", "environments: {staging: {allows: {safe: [all_services]}}}\n")
	l.up()
	b := l.open()
	defer func() { require.NoError(t, b.Close()) }()
	d := control()
	d.Environment = spec.Production
	l.send(b, "1", "not-named", commands.Schedule{Document: d, IKnow: true})
	s := l.await(b, "not-named", over)
	assert.Equal(t, experiment.Denied, s.Phase)
	assert.Contains(t, s.Reasons[0], "production is refused")
	require.NotNil(t, s.Radius, "the decision is an event")
	assert.Equal(t, "ours", s.Radius.Policy)

	l.in("production", "environments: {production: {allows: {safe: [one]}}}\n") // read anew, without a restart
	l.send(b, "2", "named", commands.Schedule{Document: d})
	s = l.await(b, "named", experiment.State.AwaitsApproval)
	assert.Contains(t, s.Radius.Reasons[0], "faultline approve named")
	l.send(b, "3", "named", commands.Approve{}) // by who asked
	s = l.await(b, "named", func(s experiment.State) bool { return s.Handled("3") })
	assert.True(t, s.AwaitsApproval())
	l.sendAs(b, "4", "named", "bob@elsewhere", commands.Approve{Reason: "fine"})
	s = l.await(b, "named", over)
	assert.Equal(t, events.Upheld, s.Verdict, s.Reasons)
	assert.Equal(t, "bob@elsewhere", s.Radius.Inputs.ApprovedBy)
	l.down()
	assert.Equal(t, 3, l.rows("events", "type", events.TypeBlastRadiusDecided), "every decision is a row")
}

func TestADocumentThatReachesTooFarIsDenied(t *testing.T) {
	l := newLife(t)
	l.up()
	b := l.open()
	defer func() { require.NoError(t, b.Close()) }()
	d := control()
	d.Triggers, d.Hypothesis.SteadyState = []spec.Rule{}, []spec.Rule{{Expr: "load < 10.0"}}
	d.Steps = []spec.Step{
		{ID: "a", Fault: spec.Fault{Kind: "process.pause", Target: "one"}},
		{ID: "b", Fault: spec.Fault{Kind: "process.pause", Target: "meter"}},
	}
	l.send(b, "1", "far", commands.Schedule{Document: d})
	s := l.await(b, "far", over)
	assert.Equal(t, experiment.Denied, s.Phase)
	assert.Contains(t, s.Reasons[0], "blast_radius: several")
	assert.Empty(t, s.Order, "nothing was injected")
}

func TestADaemonDoesNotStartOnABrokenPolicy(t *testing.T) {
	l := newLife(t)
	l.in("test", "rules: [{name: n, why: w, rule: fault.riks == 'safe'}]\n")
	ctx := t.Context()
	f := settingsFlags{home: l.home}
	s, err := f.load()
	require.NoError(t, err)
	err = up(ctx, s, nil, os.Stdout)
	require.ErrorContains(t, err, "policy.yaml:3:")
	require.ErrorContains(t, err, "did you mean fault.risk?")
}

package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/kafkaproxy/admit"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// metThree has met three of each fault.
type metThree struct{ rules []rule.Rule }

func (m *metThree) Set(rules []rule.Rule, _ map[string]control.Of) { m.rules = rules }

func (m *metThree) Status() map[string]control.Count {
	out := map[string]control.Count{}
	for _, r := range m.rules {
		out[r.ID] = control.Count{Seen: 9, Met: 3, Skipped: 2, Unread: 1, Why: map[string]uint64{"in a transaction": 2, "unread": 1}}
	}
	return out
}

func TestAProxyTellsItsFaults(t *testing.T) {
	home := t.TempDir()
	w := &where{home: home, config: filepath.Join(home, "none.yaml")}
	ask := func(args ...string) (string, error) {
		cmd := kafkaProxy().statusCommand(w)
		var out strings.Builder
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SetArgs(args)
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	at, err := control.Address(home)
	require.NoError(t, err)
	_, err = ask("--control", at)
	require.ErrorIs(t, err, control.ErrGone)

	d := control.New(control.Config[rule.Rule]{Read: admit.Rules{}.Read, Engine: &metThree{}, BootID: "b", Now: func() time.Duration { return 0 }})
	l, err := control.Listen(t.Context(), at)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- control.Serve(ctx, l, d, "") }()
	t.Cleanup(func() { stop(); assert.NoError(t, <-done) })

	out, err := ask("--control", at)
	require.NoError(t, err)
	assert.Equal(t, "no fault is in force: it is a plain proxy\n", out)
	require.NoError(t, d.Static("kafka.delay topic=orders delay=200ms"))
	out, err = ask("--control", at)
	require.NoError(t, err)
	assert.Regexp(t, "^RECEIPT +FAULT +WITH +LIFTED IN +UNLESS KEPT +SEEN +MET +TOUCHED +NOT DONE\n"+
		"static-1-[A-Z0-9]+ +kafka.delay +delay=200ms topic=orders +with the proxy +- +9 +3 +0 +2 in a transaction, 1 unread\n$", out)
	out, err = ask("--control", at, "-o", "json")
	require.NoError(t, err)
	assert.Contains(t, out, `"in_force":true`)
	_, err = ask("-o", "xml")
	require.ErrorContains(t, err, "xml")
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/projections"
)

// scattered writes n readings into the lake of a state folder, a commit each.
func scattered(t *testing.T, home string, n int64) (*lake.Lake, *projections.Set) {
	t.Helper()
	at, err := lakeOf(settings.Settings{Home: home})
	require.NoError(t, err)
	l, err := lake.Open(t.Context(), at)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	set, err := projections.Open(t.Context(), l, projections.Topics{Events: "e", Readings: "r", GroundTruth: "g", RecordLedger: "l"})
	require.NoError(t, err)
	for i := range n {
		now := time.Now()
		set.Tick(projections.Tick{
			Tick:  events.Tick{Experiment: "x", Seq: uint64(i + 1), At: now, Readings: []events.Reading{{Metric: "m", Value: 1, At: now}}},
			Topic: "r", Offset: i,
		})
		require.NoError(t, set.Flush(t.Context(), map[string]map[int32]int64{"r": {0: i + 1}}))
	}
	return l, set
}

func lakeMaintain(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := lakeCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(append([]string{"maintain"}, args...))
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestMaintainTellsWhatItDid(t *testing.T) {
	home := t.TempDir()
	out, err := lakeMaintain(t, "--home", home)
	require.NoError(t, err)
	assert.Contains(t, out, "no table was written yet")
	scattered(t, home, 6)

	out, err = lakeMaintain(t, "--home", home, "--dry-run")
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^chaos\.readings +6 +1 +6 `, out)
	assert.Contains(t, out, "a dry run: nothing was changed")

	out, err = lakeMaintain(t, "--home", home, "--output", "json", "--keep", "1", "--snapshots-older-than", "1ns", "readings")
	require.NoError(t, err)
	var told struct {
		DryRun bool        `json:"dry_run"`
		Tables []lake.Kept `json:"tables"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &told))
	require.Len(t, told.Tables, 1)
	did := told.Tables[0]
	assert.False(t, told.DryRun)
	assert.Equal(t, []any{"chaos.readings", 6, 1, int64(6), 6, 1}, []any{did.Table, did.Merged, did.Written, did.Rows, did.Expired, did.Snapshots})

	out, err = lakeMaintain(t, "--home", home)
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^chaos\.readings +0 +0 +0 `, out)
}

func TestMaintainRefusesWhatCouldHarm(t *testing.T) {
	home := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a table of others": {[]string{"trades_v2"}, "not a table of Faultline's"},
		"young orphans":     {[]string{"--orphans-older-than", "5m"}, "about to commit"},
		"a negative number": {[]string{"--keep", "-1"}, "below zero"},
		"merging one file":  {[]string{"--min-files", "1"}, "write 2 or more"},
		"another output":    {[]string{"--output", "xml"}, "write text or json"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := lakeMaintain(t, append([]string{"--home", home}, c.args...)...)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestAPipelineKeepsItsTables(t *testing.T) {
	l, set := scattered(t, t.TempDir(), 6)
	p := &pipeline{
		lake: l, log: slog.New(slog.DiscardHandler), tables: projections.NewFollower(nil, set, projections.Options{}),
		upkeepEvery: 10 * time.Millisecond,
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); p.keepTables(ctx) }()
	require.Eventually(t, func() bool {
		left, err := projections.Maintain(t.Context(), l, []string{"readings"}, lake.Upkeep{DryRun: true})
		return err == nil && left[0].Merged == 0
	}, 30*time.Second, 10*time.Millisecond, "the small files are not merged")
	cancel()
	<-done
}

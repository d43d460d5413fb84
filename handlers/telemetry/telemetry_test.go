package telemetry_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/telemetry"
	"github.com/k2-platform/faultline/spec"
)

func TestFaultsAreCountedAsLongAsTheyMayBeThere(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := telemetry.New(registry)
	var s experiment.State
	see := func(e events.Event, live, stuck string) {
		t.Helper()
		b := events.Batch{Experiment: "x", Version: s.Version + 1, Events: []events.Event{e}}
		s = experiment.Evolve(s, b)
		m.Notice(handlers.Accepted{Batch: b, State: s})
		want := `
# HELP faultline_faults_live Faults that are, or may be, on their targets; stuck ones too.
# TYPE faultline_faults_live gauge
faultline_faults_live ` + live + `
# HELP faultline_faults_stuck Faults that could not be undone. Above 0 somebody has to act: faultline show ID has the command.
# TYPE faultline_faults_stuck gauge
faultline_faults_stuck ` + stuck + "\n"
		require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(want), "faultline_faults_live", "faultline_faults_stuck"))
	}
	see(events.ExperimentScheduled{Document: spec.Document{Steps: []spec.Step{{ID: "a"}, {ID: "b"}}}}, "0", "0")
	see(events.FaultInjectionRequested{Step: "a"}, "1", "0")
	see(events.FaultInjectionRequested{Step: "b"}, "2", "0")
	see(events.FaultInjected{Step: "a"}, "2", "0")
	see(events.FaultInjectionFailed{Step: "b"}, "1", "0")
	see(events.RollbackRequested{Step: "a"}, "1", "0")
	see(events.RollbackStuck{Step: "a"}, "1", "1")
	see(events.FaultRolledBack{Step: "a"}, "0", "0")
	see(events.Concluded{Verdict: events.Inconclusive}, "0", "0")
}

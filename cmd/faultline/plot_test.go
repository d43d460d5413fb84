package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/plot"
	"github.com/k2-platform/faultline/internal/progress"
	"github.com/k2-platform/faultline/spec"
)

func TestAnExperimentIsDrawnAsItWent(t *testing.T) {
	began := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	at := func(s int) time.Time { return began.Add(time.Duration(s) * time.Second) }
	eight := spec.Duration(8 * time.Second)
	s := experiment.State{ID: "one", Document: spec.Document{Title: "Broker stop"}, Scheduled: began, Verdict: events.Upheld}
	stop := spec.Fault{Kind: "process.stop", Target: "kafka"}
	c := chartOf(s, []events.Batch{
		{At: at(20), Events: []events.Event{
			events.FaultInjectionRequested{Step: "stop", Fault: stop}, events.FaultInjectionRequested{Step: "again", Fault: stop},
		}},
		{At: at(21), Events: []events.Event{events.FaultInjected{Step: "stop"}, events.FaultInjected{Step: "again"}}},
		{At: at(30), Events: []events.Event{events.RollbackTriggered{Rule: "slow"}}},
		{At: at(31), Events: []events.Event{events.FaultRolledBack{Step: "stop"}}},
		{At: at(40), Events: []events.Event{events.RecoveryMeasured{Recovered: true, FromRollback: &eight}}},
	}, []events.Tick{
		{At: at(1), Readings: []events.Reading{{Metric: "rate", Value: 200, At: at(1)}, {Metric: "unasked", Value: 1, At: at(1)}}},
		{At: at(41)},
	}, []progress.Metric{{Name: "rate", Unit: "records/s"}, {Name: "never", Unit: "s"}})
	assert.Equal(t, plot.Chart{
		Title: "Broker stop", Subtitle: "one, 2026-11-25 12:00:00 UTC: upheld", Length: 41 * time.Second,
		Series: []plot.Series{
			{Name: "rate", Unit: "records/s", Points: []plot.Point{{At: time.Second, Value: 200}}}, {Name: "never", Unit: "s"},
		},
		Spans: []plot.Span{
			{Label: "process.stop on kafka", From: 21 * time.Second, To: 31 * time.Second},
			{Label: "process.stop on kafka", From: 21 * time.Second, To: 41 * time.Second}, // nobody saw it gone
		},
		Marks: []plot.Mark{
			{Label: "rollback trigger slow", At: 30 * time.Second},
			{Label: "stop rolled back", At: 31 * time.Second},
			{Label: "recovered", At: 39 * time.Second},
		},
	}, c)
}

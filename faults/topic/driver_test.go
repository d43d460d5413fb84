package topic_test

import (
	"testing"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/topic"
	"github.com/k2-platform/faultline/spec"
)

// TestDriver runs the suite for what an embedded broker does; e2e/admin runs
// the rest, on real ones.
func TestDriver(t *testing.T) {
	for name, s := range map[string]faultstest.Suite{
		"settings": {Lasts: true, As: topicIn(t), Fault: spec.Fault{Kind: "topic.settings", With: map[string]string{"retention.ms": "1000", "max.message.bytes": "2000"}}},
		"quota":    {Lasts: true, As: clusterIn(t), Fault: spec.Fault{Kind: "cluster.quota", With: map[string]string{"client_id": "sink", "consumer_byte_rate": "1024"}}},
		"poison":   {As: topicIn(t), Fault: spec.Fault{Kind: "topic.poison", With: map[string]string{"rate": "1000"}}},
	} {
		s.New = func() faults.Driver { return driver(s.Fault.Kind) }
		if s.Fault.Kind == "topic.poison" {
			dir := t.TempDir()
			s.New = func() faults.Driver { return topic.Poison{Dir: dir} }
		}
		t.Run(name, func(t *testing.T) { faultstest.Run(t, s) })
	}
}

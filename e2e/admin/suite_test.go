//go:build e2e

package admin_test

import (
	"testing"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/spec"
)

// TestDriver runs the suite on real brokers. The process that the suite kills
// is none of theirs.
func TestDriver(t *testing.T) {
	topic := func(replicas int16) func(string) spec.Target {
		return func(string) spec.Target { return fresh(t, replicas) }
	}
	for _, s := range []faultstest.Suite{
		{As: topic(3), Fault: spec.Fault{Kind: "topic.move_leader"}},
		{As: topic(2), Fault: spec.Fault{Kind: "topic.reassign"}},
		{As: topic(3), Fault: spec.Fault{Kind: "topic.settings", With: map[string]string{"retention.ms": "100000", "max.message.bytes": "2000"}}},
		{As: topic(3), Fault: spec.Fault{Kind: "topic.poison", With: map[string]string{"what": "truncated", "rate": "1000"}}},
		{
			As:    func(string) spec.Target { return spec.Target{Cluster: &spec.Cluster{Brokers: brokers(t)}} },
			Fault: spec.Fault{Kind: "cluster.quota", With: map[string]string{"user": "admin-suite", "client_id": "sink", "consumer_byte_rate": "1024", "request_percentage": "1.5"}},
		},
	} {
		dir := t.TempDir()
		s.New = func() faults.Driver { return drivers.All(dir)[s.Fault.Kind] }
		t.Run(s.Fault.Kind, func(t *testing.T) { faultstest.Run(t, s) })
	}
}

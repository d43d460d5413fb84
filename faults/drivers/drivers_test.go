package drivers_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/faults/none"
	"github.com/k2-platform/faultline/spec"
)

func TestEveryDriverIsDescribed(t *testing.T) {
	all := drivers.All(t.TempDir())
	assert.Equal(t, drivers.Names(), slices.Sorted(maps.Keys(all)))
	_, err := all.Of("process.stopp")
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "process.stop")
}

// TestNoDriverPlansForAnotherKindOfTarget asks each driver directly, as a
// command does that passed no check.
func TestNoDriverPlansForAnotherKindOfTarget(t *testing.T) {
	all, breaks := drivers.All(t.TempDir()), drivers.Breaks()
	for _, target := range []spec.Target{
		{Process: &spec.Process{}},
		{Container: &spec.Container{Name: "box"}},
		{Pod: &spec.Pod{Namespace: "lab", Name: "pod", Kubeconfig: "/nowhere/kubeconfig"}},
		{Network: &spec.Network{Ports: []int{1}}},
		{Topic: &spec.Topic{Name: "orders"}},
		{Registry: &spec.Registry{URL: "http://r"}},
		{Table: &spec.Table{Namespace: "n", Name: "t"}},
		{KafkaProxy: &spec.KafkaProxy{Control: "unix:///nowhere/control.sock"}},
		{Link: &spec.Link{Control: "unix:///nowhere/control.sock", Name: "l"}},
		{Cluster: &spec.Cluster{}},
		{Directory: &spec.Directory{Path: "/nowhere"}},
		{Members: []spec.TargetName{"a", "b"}},
		{Health: &spec.Health{TCP: "h:1"}},
	} {
		for kind, driver := range all {
			_, err := driver.Plan(t.Context(), spec.Fault{Kind: kind, Target: "x"}, target)
			switch {
			case kind == none.Kind:
				require.NoError(t, err, "%s on a %s", kind, target.Kind())
				assert.Empty(t, breaks[kind])
			case slices.Contains(breaks[kind], target.Kind()):
				assert.NotContains(t, fmt.Sprint(err), "cannot break", "%s on a %s", kind, target.Kind())
			default:
				require.ErrorIs(t, err, faults.ErrRefused, "%s on a %s", kind, target.Kind())
				require.ErrorContains(t, err, "fault "+kind+" cannot break ")
				assert.NotEmpty(t, breaks[kind])
			}
		}
	}
}

// TestRisks is the table of the methodology: pause is safe; stop, kill,
// network, cpu and memory are caution; corruption is dangerous. Of Kafka's
// faults those are caution that change no record and make no client write one
// twice.
func TestRisks(t *testing.T) {
	families := map[string]faults.Risk{
		"none": faults.Safe, "process.pause": faults.Safe,
		"kafka.delay": faults.Caution, "kafka.bandwidth": faults.Caution, "kafka.reset": faults.Caution, "kafka.black_hole": faults.Caution,
		"kafka.slow_close": faults.Caution, "kafka.partition": faults.Caution, "kafka.stale_metadata": faults.Caution, "kafka.throttle": faults.Caution,
		"kafka.move_coordinator": faults.Caution, "kafka.disconnect": faults.Caution, "kafka.hold": faults.Caution,
		"process.": faults.Caution, "network.": faults.Caution, "http.": faults.Caution, "cpu.": faults.Caution, "memory.": faults.Caution,
		"disk.":             faults.Caution,
		"topic.move_leader": faults.Caution, "topic.reassign": faults.Caution, "cluster.": faults.Caution,
	}
	for _, k := range drivers.Kinds() {
		want, best := faults.Dangerous, ""
		for family, risk := range families {
			if strings.HasPrefix(k.Name, family) && len(family) > len(best) {
				want, best = risk, family
			}
		}
		assert.Equal(t, want.String(), k.Risk.String(), k.Name)
	}
	assert.Equal(t, faults.Dangerous, drivers.KindOf("data.corrupt").Risk)
	assert.False(t, drivers.KindOf("data.corrupt").Serves)
}

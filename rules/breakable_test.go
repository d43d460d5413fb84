package rules_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/rules"
	"github.com/k2-platform/faultline/spec"
)

func TestAFaultBreaksTargetsOfItsKind(t *testing.T) {
	const document = "faultline: v1\ntitle: t\nsystem: s\nenvironment: test\nhypothesis: {steady_state: [load < 1.0], recovers_within: 1m}\n" +
		"rollback_when: []\nblast_radius: several\nsteps:\n  - {id: a, fault: {kind: "
	platform, problems := spec.ParsePlatform([]byte(`faultline_platform: v1
name: lab
environment: test
kafka: [127.0.0.1:9092]
targets:
  svc: {process: {record: /run/svc.json}}
  two: {process: {record: /run/two.json}}
  box: {container: {name: box}}
  orders: {topic: {name: orders}}
  seen: {health: {tcp: "127.0.0.1:1"}}
  both: {members: [svc, two]}
  mixed: {members: [svc, orders]}
metrics: {load: {unit: share, needs: seen, scrape: {url: "http://127.0.0.1:1", series: load}}}
`))
	require.Empty(t, problems)
	kinds := rules.FaultKinds{"none": nil, "process.pause": {spec.ProcessKind}, "cpu.burn": {spec.ProcessKind, spec.ContainerKind}, "end": {spec.ProcessKind, spec.ContainerKind, spec.PodKind}}
	for step, want := range map[string]string{
		"process.pause, target: svc":    "",
		"process.pause, target: both":   "", // which member it is, plan asks
		"cpu.burn, target: svc":         "",
		"cpu.burn, target: box":         "",
		"none, target: orders":          "",
		"none, target: seen":            "",
		"process.pause, target: orders": "9:50: error: steps[0].fault.target: process.pause breaks a process; target orders is a topic; faults for a topic: none in this build",
		"process.pause, target: box":    "process.pause breaks a process; target box is a container; faults for a container: cpu.burn, end",
		"cpu.burn, target: orders":      "cpu.burn breaks a process or container; target orders is a topic",
		"process.pause, target: mixed":  "process.pause breaks a process; target orders of group mixed is a topic",
		"end, target: orders":           "end breaks a process, container or pod; target orders is a topic",
		"cpu.burn, target: seen":        "target seen is only watched; write process or container for it in the platform's description",
	} {
		parsed, problems := spec.Parse([]byte(document + step + "}}\n"))
		require.NoError(t, problems.Err())
		err := rules.Check(parsed, platform, kinds).Err()
		if want == "" {
			assert.NoError(t, err, step)
		} else {
			assert.ErrorContains(t, err, want, step)
		}
	}
}

package bus_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/bus"
)

func TestConfigNamesAllItsProblems(t *testing.T) {
	err := bus.Config{
		Brokers: []string{"nowhere"}, Partitions: -1, Replication: -2, MaxMessageBytes: 1,
		TLS: bus.TLS{CertFile: "c"}, SASL: bus.SASL{Mechanism: "MAGIC"},
	}.Validate()
	require.Error(t, err)
	for _, want := range []string{
		`"nowhere"`, "partitions is -1", "replication is -2", "max_message_bytes is 1",
		"go together", "enabled is false", `"MAGIC"`,
	} {
		require.ErrorContains(t, err, want)
	}
	require.ErrorContains(t, bus.Config{}.Validate(), "brokers is empty")
	assert.NoError(t, bus.Config{Brokers: []string{"127.0.0.1:9092"}}.Validate())
}

func TestTopicsFollowThePrefix(t *testing.T) {
	assert.Equal(t, bus.Topics{
		Commands: "chaos.commands", Events: "chaos.events", Readings: "chaos.readings",
		GroundTruth: "chaos.ground-truth", RecordLedger: "chaos.record-ledger", DeadLetters: "chaos.dead-letters",
	}, bus.TopicsOf(""))
	assert.Equal(t, "x.y.commands", bus.TopicsOf("x.y").Commands)
}

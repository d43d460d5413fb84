package bus_test

import (
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/bus/poison"
	"github.com/k2-platform/faultline/internal/embedded"
)

// What Kafka never takes must not be tried for ever: whoever carries it would
// hold up all that comes after.
func TestARecordThatIsTooLargeIsPoison(t *testing.T) {
	const limit = 16 << 10
	b := openBus(t, bus.Config{Brokers: []string{startKafka(t, embedded.KafkaConfig{}).Addr()}, MaxMessageBytes: limit})
	err := b.Publisher().Publish(b.Topics().Commands, message.NewMessage("1", make([]byte, limit+1)))
	require.Error(t, err)
	assert.True(t, poison.Is(err), "%v", err)
	require.NoError(t, b.Publisher().Publish(b.Topics().Commands, message.NewMessage("2", make([]byte, limit/2))))
}

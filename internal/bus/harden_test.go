package bus_test

import (
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/bus/origin"
	"github.com/k2-platform/faultline/internal/bus/poison"
)

func deadLetters(t *testing.T, b *bus.Bus) <-chan *message.Message {
	t.Helper()
	sub, err := b.Follower()
	require.NoError(t, err)
	return subscribe(t, sub, b.Topics().DeadLetters)
}

func TestPoisonGoesToDeadLettersAndThePartitionGoesOn(t *testing.T) {
	b := newBus(t)
	topic := b.Topics().Commands
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	handled := make(chan *message.Message, 10)
	var attempts atomic.Int32
	runRouter(t, b, bus.HardenConfig{Now: func() time.Time { return at }}, topic, func(m *message.Message) error {
		if m.UUID == "bad" {
			attempts.Add(1)
			return poison.New(errors.New("not a command"))
		}
		handled <- m
		return nil
	})
	bad := keyed("bad", "exp-1", "{")
	bad.Metadata.Set("ce_type", "x.v1")
	bad.Metadata.Set("dlq_topic", "forged")
	bad.Metadata.Set("dlq_truncated_bytes", "5")
	require.NoError(t, b.Publisher().Publish(topic, keyed("first", "exp-1", "1"), bad, keyed("last", "exp-1", "2")))

	first := next(t, handled)
	assert.Equal(t, "first", first.UUID)
	assert.Equal(t, "last", next(t, handled).UUID, "the partition stopped at a bad record")
	letter := next(t, deadLetters(t, b))
	letter.Ack()
	came, _ := origin.Of(first)
	assert.Equal(t, "bad", letter.UUID)
	assert.Equal(t, "{", string(letter.Payload))
	assert.Equal(t, "exp-1", origin.Key(letter))
	for name, want := range map[string]string{
		"ce_type": "x.v1", "dlq_topic": topic, "dlq_partition": strconv.Itoa(int(came.Partition)), "dlq_offset": "1",
		"dlq_key": "exp-1", "dlq_cause": "not a command", "dlq_time": "2026-01-02T03:04:05.000006Z",
	} {
		assert.Equal(t, want, letter.Metadata.Get(name), name)
	}
	assert.NotContains(t, letter.Metadata, "dlq_truncated_bytes", "nothing was cut off")
	assert.EqualValues(t, 1, attempts.Load(), "poison was tried again")
}

func TestRetriesEndInADeadLetterOrInSuccess(t *testing.T) {
	b := newBus(t)
	topic := b.Topics().Commands
	handled := make(chan *message.Message, 10)
	var hopeless, flaky atomic.Int32
	runRouter(t, b, bus.HardenConfig{RetryFor: 3 * time.Second}, topic, func(m *message.Message) error {
		switch m.UUID {
		case "hopeless":
			hopeless.Add(1)
			panic("nil map")
		case "flaky":
			if flaky.Add(1) < 3 {
				return errors.New("not yet")
			}
		}
		handled <- m
		return nil
	})
	// No key: each may take any partition, and a dead letter stays key-less.
	require.NoError(t, b.Publisher().Publish(topic, message.NewMessage("hopeless", []byte("v"))))
	require.NoError(t, b.Publisher().Publish(topic, message.NewMessage("flaky", []byte("v"))))
	assert.Equal(t, "flaky", next(t, handled).UUID)
	assert.EqualValues(t, 3, flaky.Load())
	letter := next(t, deadLetters(t, b))
	letter.Ack()
	assert.Equal(t, "hopeless", letter.UUID)
	assert.Contains(t, letter.Metadata.Get("dlq_cause"), "nil map")
	assert.NotContains(t, letter.Metadata, "dlq_key")
	assert.False(t, origin.HasKey(letter))
	assert.Greater(t, hopeless.Load(), int32(1), "it was not tried again")
}

func TestHandlerIsTimedOut(t *testing.T) {
	b := newBus(t)
	topic := b.Topics().Commands
	cfg := bus.HardenConfig{RetryFor: time.Millisecond, HandlerTimeout: 50 * time.Millisecond}
	runRouter(t, b, cfg, topic, func(m *message.Message) error {
		<-m.Context().Done()
		return m.Context().Err()
	})
	require.NoError(t, b.Publisher().Publish(topic, keyed("slow", "k", "v")))
	letter := next(t, deadLetters(t, b))
	letter.Ack()
	assert.Contains(t, letter.Metadata.Get("dlq_cause"), "deadline exceeded")
}

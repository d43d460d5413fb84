package bus_test

import (
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/bus/origin"
	"github.com/k2-platform/faultline/internal/embedded"
)

func TestRecordsComeBackWhole(t *testing.T) {
	b := newBus(t)
	topic := b.Topics().Commands
	in := keyed("id-1", "exp-1", `{"a":1}`)
	in.Metadata.Set("ce_type", "io.faultline.x.v1")
	require.NoError(t, b.Publisher().Publish(topic, in))
	follower, err := b.Follower()
	require.NoError(t, err)
	group, err := b.Subscriber("g")
	require.NoError(t, err)
	for name, sub := range map[string]message.Subscriber{"follower": follower, "group": group} {
		out := next(t, subscribe(t, sub, topic))
		assert.Equal(t, "id-1", out.UUID, name)
		assert.Equal(t, "id-1", out.Metadata.Get("ce_id"), name)
		assert.Equal(t, "io.faultline.x.v1", out.Metadata.Get("ce_type"), name)
		assert.JSONEq(t, `{"a":1}`, string(out.Payload), name)
		at, ok := origin.Of(out)
		assert.True(t, ok, name)
		assert.Equal(t, topic, at.Topic, name)
		assert.Equal(t, "exp-1", at.Key, name)
		assert.Zero(t, at.Offset, name)
		assert.False(t, at.Time.IsZero(), name)
		out.Ack()
	}
}

func TestNackedRecordComesAgainAndAckedDoesNot(t *testing.T) {
	b := newBus(t)
	topic := b.Topics().Commands
	require.NoError(t, b.Publisher().Publish(topic, keyed("1", "k", "a"), keyed("2", "k", "b")))
	sub, err := b.Subscriber("g")
	require.NoError(t, err)
	msgs := subscribe(t, sub, topic)
	first := next(t, msgs)
	first.Nack()
	again := next(t, msgs)
	assert.Equal(t, "1", again.UUID, "the next record overtook a nacked one")
	again.Ack()
	second := next(t, msgs)
	assert.Equal(t, "2", second.UUID)
	require.NoError(t, sub.Close()) // before the second is acked

	sub, err = b.Subscriber("g")
	require.NoError(t, err)
	assert.Equal(t, "2", next(t, subscribe(t, sub, topic)).UUID, "an acked record came again, or an un-acked one was lost")
}

func TestEnsureTopicsIsIdempotent(t *testing.T) {
	b := newBus(t)
	require.NoError(t, b.EnsureTopics(t.Context()))
	for _, topic := range b.Topics().All() {
		ends, err := b.EndOffsets(t.Context(), topic)
		require.NoError(t, err)
		assert.Len(t, ends, bus.DefaultPartitions, topic)
	}
	_, err := b.EndOffsets(t.Context(), "nowhere")
	assert.Error(t, err)
}

func TestPublishSurvivesABrokersRestart(t *testing.T) {
	dir := t.TempDir()
	k := startKafka(t, embedded.KafkaConfig{Dir: dir})
	b := openBus(t, bus.Config{Brokers: []string{k.Addr()}})
	topic := b.Topics().Events
	require.NoError(t, b.Publisher().Publish(topic, keyed("before", "k", "1")))
	require.NoError(t, k.Close())
	published := make(chan error, 1)
	go func() { published <- b.Publisher().Publish(topic, keyed("during", "k", "2")) }()
	startKafka(t, embedded.KafkaConfig{Dir: dir, Addr: k.Addr()})
	require.NoError(t, <-published)
	require.NoError(t, b.Publisher().Publish(topic, keyed("after", "k", "3")))

	follower, err := b.Follower()
	require.NoError(t, err)
	msgs := subscribe(t, follower, topic)
	for _, want := range []string{"before", "during", "after"} {
		got := next(t, msgs)
		assert.Equal(t, want, got.UUID)
		got.Ack()
	}
}

func TestPasswordsOpenTheDoor(t *testing.T) {
	for _, mechanism := range []string{bus.SASLPlain, bus.SASLScramSHA256, bus.SASLScramSHA512} {
		t.Run(mechanism, func(t *testing.T) {
			k := startKafka(t, embedded.KafkaConfig{Users: []embedded.User{{Mechanism: mechanism, Name: "u", Password: "p"}}})
			cfg := bus.Config{Brokers: []string{k.Addr()}, SASL: bus.SASL{Mechanism: mechanism, User: "u", Password: "p"}}
			b := openBus(t, cfg)
			require.NoError(t, b.Publisher().Publish(b.Topics().Events, keyed("1", "k", "v")))
			cfg.SASL.Password = "wrong"
			_, err := bus.Open(cfg, nil)
			assert.ErrorContains(t, err, "connecting to kafka")
		})
	}
}

package bus

import (
	"maps"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/internal/bus/origin"
)

func TestHeadersCannotForgeAnOrigin(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_123).UTC()
	msg, err := marshaler{}.Unmarshal(&sarama.ConsumerMessage{
		Topic: "chaos.commands", Partition: 3, Offset: 7, Timestamp: at, Value: []byte("v"),
		Headers: []*sarama.RecordHeader{
			{Key: []byte(origin.MetaTopic), Value: []byte("elsewhere")},
			{Key: []byte(origin.MetaOffset), Value: []byte("99")},
			{Key: []byte(origin.MetaKey), Value: []byte("stolen")},
			{Key: []byte(origin.MetaPublish), Value: []byte("stolen")},
			{Key: []byte("ce_type"), Value: []byte("t")},
			nil,
		},
	})
	require.NoError(t, err)
	got, ok := origin.Of(msg)
	require.True(t, ok)
	assert.Equal(t, origin.Origin{Topic: "chaos.commands", Partition: 3, Offset: 7, Time: at}, got)
	assert.False(t, origin.HasKey(msg), "a header became the publishing key")
	assert.Equal(t, "chaos.commands/3/7", msg.UUID)
	assert.Equal(t, "t", msg.Metadata.Get("ce_type"))
}

func TestMarshalingIsTotal(t *testing.T) {
	text := rapid.String()
	rapid.Check(t, func(t *rapid.T) {
		in := message.NewMessage(text.Draw(t, "uuid"), []byte(text.Draw(t, "payload")))
		maps.Copy(in.Metadata, rapid.MapOf(text, text).Draw(t, "metadata"))
		origin.Set(in, origin.Origin{Topic: "old", Key: "old"}, true)
		key := text.Draw(t, "key")
		origin.SetKey(in, key)
		rec, err := marshaler{}.Marshal("t", in)
		if err != nil {
			t.Fatal(err)
		}
		sent := &sarama.ConsumerMessage{Topic: "t", Offset: 5, Key: rec.Key.(sarama.ByteEncoder), Value: in.Payload}
		for _, h := range rec.Headers {
			if origin.Reserved(string(h.Key)) {
				t.Fatalf("reserved name %q became a header", h.Key)
			}
			sent.Headers = append(sent.Headers, &h)
		}
		out, err := marshaler{}.Unmarshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range in.Metadata {
			if !origin.Reserved(name) && name != "ce_id" && out.Metadata[name] != value {
				t.Fatalf("%q: %q became %q", name, value, out.Metadata[name])
			}
		}
		at, ok := origin.Of(out)
		if !ok || at.Topic != "t" || at.Offset != 5 || at.Key != key {
			t.Fatalf("origin %+v", at)
		}
		if in.UUID != "" && in.Metadata["ce_id"] == "" && out.UUID != in.UUID {
			t.Fatalf("uuid %q became %q", in.UUID, out.UUID)
		}
	})
}

package bus

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/internal/embedded"
)

// TestALogThatIsShorterThanItWasSaysSo reads up to where a log ended that is no
// more: nothing is missing of what is there.
func TestALogThatIsShorterThanItWasSaysSo(t *testing.T) {
	k, err := embedded.StartKafka(embedded.KafkaConfig{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.Close()) })
	client, err := kgo.NewClient(kgo.SeedBrokers(k.Addr()), kgo.DefaultProduceTopic("trades"))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	_, err = kadm.NewClient(client).CreateTopic(t.Context(), 1, 1, nil, "trades")
	require.NoError(t, err)
	require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Value: []byte("a")}, &kgo.Record{Value: []byte("b")}).FirstErr())
	b, err := Open(Config{Brokers: []string{k.Addr()}}, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	r := &bulk{bus: b, topic: "trades", to: 5, each: func([]Raw) error { return nil }, patience: 2 * time.Second}
	require.EqualError(t, r.run(t.Context()), "reading trades/0: the log ends at offset 2, and had to reach 5: it was cut short, or the topic made anew")
	require.Equal(t, int64(2), r.next)
}

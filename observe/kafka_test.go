package observe_test

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/observe"
)

func TestKafka(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(2, "trades"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	admin := kadm.NewClient(client)
	for i := range 10 {
		if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "trades", Partition: int32(i % 2), Value: []byte("x")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	lag, err := observe.NewKafkaLag(observe.KafkaLagConfig{Admin: admin, Group: "sink", Metric: "lag", Topics: []string{"trades"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := lag.Sample(t.Context()); len(got) != 0 || len(observe.Missing(err)) != 1 {
		t.Errorf("group unknown: %v, %v; want no reading", got, err)
	}
	var offsets kadm.Offsets
	offsets.AddOffset("trades", 0, 2, -1)
	offsets.AddOffset("trades", 1, 4, -1)
	if _, err := admin.CommitOffsets(t.Context(), "sink", offsets); err != nil {
		t.Fatal(err)
	}
	if got, err := lag.Sample(t.Context()); err != nil || byName(got)["lag"] != 4 {
		t.Errorf("lag %v, %v; want 3 + 1", got, err)
	}

	replicas, err := observe.NewKafkaReplicas(observe.KafkaReplicasConfig{
		Admin: admin, Topics: []string{"trades"},
		UnderReplicated: "under", Brokers: "brokers", WorstOffline: "offline", Leaderless: "leaderless",
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := replicas.Sample(t.Context())
	if m := byName(got); err != nil || len(m) != 4 || m["brokers"] != 3 || m["under"] != 0 || m["leaderless"] != 0 {
		t.Errorf("replicas %v, %v", got, err)
	}

	every := strings.Join(cluster.ListenAddrs(), ",")
	for addrs, want := range map[string]float64{every: 1, every + ",127.0.0.1:1": 0} {
		health, err := observe.NewHealth(observe.HealthConfig{Service: "kafka", Kafka: addrs, Timeout: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := health.Sample(t.Context()); err != nil || byName(got)["healthy.kafka"] != want {
			t.Errorf("health of %s is %v, %v; want %v", addrs, got, err, want)
		}
	}
	health, err := observe.NewHealth(observe.HealthConfig{Service: "kafka", Kafka: cluster.ListenAddrs()[0], Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := health.Sample(t.Context()); err != nil || byName(got)["healthy.kafka"] != 1 {
		t.Errorf("health %v, %v; want 1", got, err)
	}
	cluster.Close()
	if got, err := health.Sample(t.Context()); err != nil || len(got) != 1 || got[0].Value != 0 {
		t.Errorf("health of a closed cluster %v, %v; want 0", got, err)
	}
}

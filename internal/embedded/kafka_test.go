package embedded_test

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/internal/embedded"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRecordsSurviveARestartOnTheSameAddress(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	dir := t.TempDir()
	k, err := embedded.StartKafka(embedded.KafkaConfig{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	addr := k.Addr()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic("t"), kgo.ConsumeTopics("t"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreateTopic(ctx, 1, 1, nil, "t"); err != nil {
		t.Fatal(err)
	}
	if err := client.ProduceSync(ctx, kgo.StringRecord("before")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	k, err = embedded.StartKafka(embedded.KafkaConfig{Dir: dir, Addr: addr})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close() //nolint:errcheck // never fails
	if k.Addr() != addr {
		t.Fatalf("it moved from %s to %s", addr, k.Addr())
	}
	if err := client.ProduceSync(ctx, kgo.StringRecord("after")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for len(got) < 2 && ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) { got = append(got, string(r.Value)) })
	}
	if len(got) != 2 || got[0] != "before" || got[1] != "after" {
		t.Errorf("got %q", got)
	}
}

// As in a container: clients are told the address that it listens at.
func TestAnExposedBrokerTellsItsOwnAddress(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	const host = "127.0.0.2"
	k, err := embedded.StartKafka(embedded.KafkaConfig{Dir: t.TempDir(), Addr: host + ":0", Exposed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close() //nolint:errcheck // never fails
	client, err := kgo.NewClient(kgo.SeedBrokers(k.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	told, err := kadm.NewClient(client).BrokerMetadata(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(told.Brokers) != 1 || told.Brokers[0].Host != host {
		t.Errorf("clients are told %v, want %s", told.Brokers, host)
	}
}

func TestStartKafkaRefuses(t *testing.T) {
	for name, c := range map[string]embedded.KafkaConfig{
		"no folder":    {},
		"not loopback": {Dir: t.TempDir(), Addr: "0.0.0.0:9092"},
		"anywhere":     {Dir: t.TempDir(), Addr: "0.0.0.0:9092", Exposed: true},
		"a name":       {Dir: t.TempDir(), Addr: "broker:9092", Exposed: true},
		"no port":      {Dir: t.TempDir(), Addr: "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			if k, err := embedded.StartKafka(c); err == nil {
				t.Error("it started on", k.Addr())
			}
		})
	}
}

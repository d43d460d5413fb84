package victim

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/spec"
)

const topicName = "orders"

// kafka is a broker with one topic; see has who looks at it.
func kafka(tb testing.TB, dir string, see func(context.Context, *kadm.Client) (string, error)) ([]string, Victim) {
	tb.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DataDir(filepath.Join(dir, "kafka")), kfake.SyncWrites(), kfake.SeedTopics(1, topicName))
	require.NoError(tb, err)
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	require.NoError(tb, err)
	gone := sync.OnceFunc(c.Close)
	tb.Cleanup(func() {
		client.Close()
		gone()
	})
	admin := kadm.NewClient(client)
	return c.ListenAddrs(), Victim{Gone: gone, Outlived: true, Look: func() (string, error) {
		ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
		defer stop()
		return see(ctx, admin)
	}}
}

// topic is seen by all settings that are its own.
func topic(tb testing.TB, dir string) Victim {
	tb.Helper()
	brokers, v := kafka(tb, dir, func(ctx context.Context, k *kadm.Client) (string, error) {
		all, err := k.DescribeTopicConfigs(ctx, topicName)
		if err != nil {
			return "", err
		}
		var own []string
		for _, c := range all[0].Configs {
			if c.Source.String() == "DYNAMIC_TOPIC_CONFIG" {
				own = append(own, c.Key+"="+c.MaybeValue())
			}
		}
		slices.Sort(own)
		return "settings " + strings.Join(own, ", "), all[0].Err
	})
	v.Target = spec.Target{Topic: &spec.Topic{Brokers: brokers, Name: topicName}}
	return v
}

const anyName kadm.QuotasMatchType = 2

// quota is seen by the quotas of all clients.
func quota(tb testing.TB, dir string) Victim {
	tb.Helper()
	brokers, v := kafka(tb, dir, func(ctx context.Context, k *kadm.Client) (string, error) {
		all, err := k.DescribeClientQuotas(ctx, false, []kadm.DescribeClientQuotaComponent{{Type: "client-id", MatchType: anyName}})
		said := []string{"quotas"}
		for _, q := range all {
			said = append(said, fmt.Sprintf("%s %v", q.Entity, q.Values))
		}
		slices.Sort(said)
		return strings.Join(said, " "), err
	})
	v.Target = spec.Target{Cluster: &spec.Cluster{Brokers: brokers}}
	return v
}

// resting is how long no record came where none is produced any more.
const resting = 200 * time.Millisecond

// poisoned is seen by whether records come: those that came stay.
func poisoned(tb testing.TB, dir string) Victim {
	tb.Helper()
	var mu sync.Mutex
	var last int64
	grew := time.Now().Add(-resting)
	brokers, v := kafka(tb, dir, func(ctx context.Context, k *kadm.Client) (string, error) {
		ends, err := k.ListEndOffsets(ctx, topicName)
		if err != nil {
			return "", err
		}
		mu.Lock()
		defer mu.Unlock()
		if end, _ := ends.Lookup(topicName, 0); end.Offset > last {
			last, grew = end.Offset, time.Now()
		}
		if time.Since(grew) < resting {
			return "records come", nil
		}
		return "no record comes", nil
	})
	v.Target, v.Outlived = spec.Target{Topic: &spec.Topic{Brokers: brokers, Name: topicName}}, false
	return v
}

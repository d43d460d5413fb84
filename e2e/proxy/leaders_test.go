//go:build e2e

package proxy_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// moveLeaders has every partition of a topic led by the next of its replicas.
func moveLeaders(t *testing.T, brokers []string, topic string) {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.MetadataMinAge(50*time.Millisecond))
	require.NoError(t, err)
	defer c.Close()
	admin := kadm.NewClient(c)
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	now, err := admin.ListTopics(ctx, topic)
	require.NoError(t, err)
	var order kadm.AlterPartitionAssignmentsReq
	next := map[int32]int32{}
	for _, p := range now[topic].Partitions {
		replicas := append(p.Replicas[1:len(p.Replicas):len(p.Replicas)], p.Replicas[0])
		order.Assign(topic, p.Partition, replicas)
		next[p.Partition] = replicas[0]
	}
	changed, err := admin.AlterPartitionAssignments(ctx, order)
	require.NoError(t, err)
	require.NoError(t, changed.Error())
	_, err = admin.ElectLeaders(ctx, kadm.ElectPreferredReplica, now.TopicsSet())
	require.NoError(t, err)
	moved := func() bool {
		m, err := admin.ListTopics(ctx, topic)
		if err != nil {
			return false
		}
		for _, p := range m[topic].Partitions {
			if p.Leader != next[p.Partition] {
				return false
			}
		}
		return true
	}
	require.Eventually(t, moved, patience, 50*time.Millisecond, "the leaders of %s are %v", topic, next)
}

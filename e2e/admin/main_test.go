//go:build e2e

// Package admin_test runs the faults of topics, clusters and registries on
// real servers, started by e2e/servers/three.sh: make e2e-admin. It fails when
// it cannot have them; it never skips.
package admin_test

import (
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { faultstest.Main(m) }

const patience = 30 * time.Second

// fromEnv is what three.sh tells.
func fromEnv(tb testing.TB, name string) string {
	tb.Helper()
	value := os.Getenv(name)
	require.NotEmpty(tb, value, "%s is not set: run make e2e-admin", name)
	return value
}

func brokers(tb testing.TB) []string {
	tb.Helper()
	return strings.Split(fromEnv(tb, "E2E_KAFKA"), ",")
}

// admin is somebody else's client.
func admin(tb testing.TB) *kadm.Client {
	tb.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(brokers(tb)...), kgo.MetadataMinAge(10*time.Millisecond))
	require.NoError(tb, err)
	tb.Cleanup(c.Close)
	return kadm.NewClient(c)
}

// fresh makes a topic with records, and says how to target it.
func fresh(tb testing.TB, replicas int16) spec.Target {
	tb.Helper()
	name := "admin-" + strings.ToLower(rand.Text()[:8])
	a := admin(tb)
	_, err := a.CreateTopic(tb.Context(), 2, replicas, nil, name)
	require.NoError(tb, err)
	require.Eventually(tb, func() bool {
		all, err := a.ListTopics(tb.Context(), name)
		return err == nil && all[name].Err == nil && len(all[name].Partitions) == 2
	}, patience, 10*time.Millisecond)
	c, err := kgo.NewClient(kgo.SeedBrokers(brokers(tb)...), kgo.DefaultProduceTopic(name))
	require.NoError(tb, err)
	defer c.Close()
	for range 20 {
		require.NoError(tb, c.ProduceSync(tb.Context(), kgo.StringRecord(strings.Repeat("a record ", 100))).FirstErr())
	}
	return spec.Target{Topic: &spec.Topic{Brokers: brokers(tb), Name: name}}
}

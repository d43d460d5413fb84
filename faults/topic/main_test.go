package topic_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/topic"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { faultstest.MainBeside(m, kafka) }

const orders = "orders"

// driver is for brokers that do not lag: they are their own controllers.
func driver(kind string) topic.Driver { return topic.Driver{Kind: kind, Lag: 10 * time.Millisecond} }

// kafka is a broker whose topics and quotas outlive it.
func kafka(ctx context.Context, dir string, ready func()) error {
	text, err := os.ReadFile(filepath.Join(dir, "port"))
	var port int
	if err == nil {
		err = json.Unmarshal(text, &port)
	}
	if err != nil {
		return err
	}
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.DataDir(filepath.Join(dir, "kafka")), kfake.SyncWrites(), kfake.SeedTopics(2, orders))
	if err != nil {
		return err
	}
	ready()
	<-ctx.Done()
	c.Close()
	return nil
}

// address chooses the broker's before it is there.
func address(tb testing.TB, dir string) string {
	tb.Helper()
	port, err := service.FreePorts(tb.Context(), 1)
	require.NoError(tb, err)
	text, err := json.Marshal(port)
	require.NoError(tb, err)
	require.NoError(tb, os.WriteFile(filepath.Join(dir, "port"), text, 0o600))
	return "127.0.0.1:" + string(text)
}

func topicIn(tb testing.TB) func(dir string) spec.Target {
	tb.Helper()
	return func(dir string) spec.Target {
		return spec.Target{Topic: &spec.Topic{Brokers: []string{address(tb, dir)}, Name: orders}}
	}
}

func clusterIn(tb testing.TB) func(dir string) spec.Target {
	tb.Helper()
	return func(dir string) spec.Target {
		return spec.Target{Cluster: &spec.Cluster{Brokers: []string{address(tb, dir)}}}
	}
}

// deadline is that of what could wait for ever.
func deadline(tb testing.TB) context.Context {
	tb.Helper()
	ctx, stop := context.WithTimeout(tb.Context(), 15*time.Second)
	tb.Cleanup(stop)
	return ctx
}

// Package embedded runs servers inside this process for users who have none:
// a Kafka broker and a NATS server. They are for one machine; nothing here
// replaces a cluster.
package embedded

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/twmb/franz-go/pkg/kfake"
)

// KafkaConfig says where the broker keeps its log and where it listens. An
// empty Addr, or one with port 0, takes a free port of 127.0.0.1.
type KafkaConfig struct {
	Dir  string
	Addr string
}

// Kafka is a running broker.
type Kafka struct {
	cluster *kfake.Cluster
}

// StartKafka starts a broker of one node whose acknowledged records survive
// SIGKILL: each write is synced before it is acknowledged.
func StartKafka(c KafkaConfig) (*Kafka, error) {
	if c.Dir == "" {
		return nil, errors.New("starting the embedded Kafka: Dir must be set")
	}
	if err := os.MkdirAll(c.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("starting the embedded Kafka: %w", err)
	}
	opts := []kfake.Opt{kfake.NumBrokers(1), kfake.DataDir(c.Dir), kfake.SyncWrites()}
	if c.Addr != "" {
		port, err := loopbackPort(c.Addr)
		if err != nil {
			return nil, fmt.Errorf("starting the embedded Kafka: %w", err)
		}
		if port != 0 {
			opts = append(opts, kfake.Ports(port))
		}
	}
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		return nil, fmt.Errorf("starting the embedded Kafka in %s: %w", c.Dir, err)
	}
	return &Kafka{cluster}, nil
}

// Addr is the broker's host:port.
func (k *Kafka) Addr() string { return k.cluster.ListenAddrs()[0] }

// Close stops the broker. It never fails; the error is there to fit io.Closer.
func (k *Kafka) Close() error {
	k.cluster.Close()
	return nil
}

func loopbackPort(addr string) (int, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return 0, fmt.Errorf("address %q: %w; write 127.0.0.1:9092", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return 0, fmt.Errorf("address %q is not on loopback; write 127.0.0.1:%s", addr, port)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 0 || n > 65535 {
		return 0, fmt.Errorf("address %q has no usable port; write 127.0.0.1:9092", addr)
	}
	return n, nil
}

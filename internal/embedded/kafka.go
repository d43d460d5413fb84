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
//
// Nodes is 1 by default; each further one takes the next port, where Addr
// gives one. With Users, only they may come in. Exposed lets Addr be another
// address of this machine than its loopback, as a container has one: whoever
// reaches it may come in.
type KafkaConfig struct {
	Dir     string
	Addr    string
	Nodes   int
	Users   []User
	Exposed bool
}

// Kafka is a running broker.
type Kafka struct {
	cluster *kfake.Cluster
	addrs   []string // asking a closed cluster blocks for ever
}

// StartKafka starts a broker of one node whose acknowledged records survive
// SIGKILL: each write is synced before it is acknowledged. What a producer sends
// once more after that is known again.
func StartKafka(c KafkaConfig) (*Kafka, error) {
	if c.Dir == "" {
		return nil, errors.New("starting the embedded Kafka: Dir must be set")
	}
	if err := os.MkdirAll(c.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("starting the embedded Kafka: %w", err)
	}
	if err := restoreSequences(c.Dir); err != nil {
		return nil, fmt.Errorf("starting the embedded Kafka in %s: %w", c.Dir, err)
	}
	opts := append(c.users(), kfake.NumBrokers(max(c.Nodes, 1)), kfake.DataDir(c.Dir), kfake.SyncWrites())
	if c.Addr != "" {
		host, port, err := hostPort(c.Addr, c.Exposed)
		if err != nil {
			return nil, fmt.Errorf("starting the embedded Kafka: %w", err)
		}
		if port != 0 {
			opts = append(opts, kfake.Ports(c.portsFrom(port)...))
		}
		opts = append(opts, kfake.ListenFn(listenAt(host)))
	}
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		return nil, fmt.Errorf("starting the embedded Kafka in %s: %w", c.Dir, err)
	}
	k := &Kafka{cluster, cluster.ListenAddrs()}
	if err := forgetSequences(c.Dir); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the embedded Kafka in %s: %w", c.Dir, err), k.Close())
	}
	return k, nil
}

// Addr is the broker's host:port.
func (k *Kafka) Addr() string { return k.addrs[0] }

// Close stops the broker. It never fails; the error is there to fit io.Closer.
func (k *Kafka) Close() error {
	k.cluster.Close()
	return nil
}

// hostPort reads where a server is to listen: on the loopback, unless it is
// exposed, and then at one address, which is what its clients are told.
func hostPort(addr string, exposed bool) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("address %q: %w; write 127.0.0.1:9092", addr, err)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	switch ip := net.ParseIP(host); {
	case exposed && (ip == nil || ip.IsUnspecified()):
		return "", 0, fmt.Errorf("address %q is none that clients could be told; write one that this machine has, such as 10.0.0.7:%s", addr, text)
	case !exposed && (ip == nil || !ip.IsLoopback()):
		return "", 0, fmt.Errorf("address %q is not on loopback; write 127.0.0.1:%s", addr, text)
	}
	port, err = strconv.Atoi(text)
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("address %q has no usable port; write 127.0.0.1:9092", addr)
	}
	return host, port, nil
}

// listenAt listens at a host in place of the loopback.
func listenAt(host string) func(network, address string) (net.Listener, error) {
	return func(network, address string) (net.Listener, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return net.Listen(network, net.JoinHostPort(host, port)) //nolint:noctx // kfake gives none
	}
}

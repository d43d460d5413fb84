// Package broker is the sandbox's Kafka: an embedded, persistent broker with
// the platform's topics and an HTTP port for its health. It is not the Kafka
// that carries the chaos log.
package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/internal/embedded"
	"github.com/k2-platform/faultline/sandbox/service"
)

// The platform's topics.
const (
	Topic       = "market.equities.trades.asx"
	DeadLetters = Topic + ".dlq"
	Partitions  = 6
)

// Name is the service's name in records and reports.
const Name = "broker"

// Config says where the broker keeps its log, and where it listens. What is
// "" but Home is the address of the last start, or a free loopback port.
type Config struct {
	Home  string
	Addr  string // of health and metrics
	Kafka string // of Kafka, as clients are told: from everywhere the same, so an address that they all reach
}

// Addr reads the Kafka address of the last start; os.ErrNotExist if there was none.
func Addr(home string) (string, error) {
	text, err := os.ReadFile(addrPath(home))
	if err != nil {
		return "", fmt.Errorf("reading the Kafka address: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

func addrPath(home string) string { return filepath.Join(service.Dir(home), "kafka.addr") }

// Run serves Kafka and health until ctx ends.
func Run(ctx context.Context, c Config) (err error) {
	s, err := service.Open(ctx, service.Config{Home: c.Home, Name: Name, Addr: c.Addr})
	if err != nil {
		return err
	}
	kafka, addr, err := start(ctx, c)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	defer func() { err = errors.Join(err, kafka.Close()) }()
	s.Metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "broker_up", Help: "1 while the Kafka listener takes connections.",
	}, func() float64 {
		if dial(ctx, addr) != nil {
			return 0
		}
		return 1
	}))
	return s.Serve(ctx, func(ctx context.Context) error {
		if err := CreateTopics(ctx, []string{addr}, 1); err != nil {
			return err
		}
		s.SetHealth(func(ctx context.Context) error { return dial(ctx, addr) })
		<-ctx.Done()
		return nil
	})
}

// closer is the embedded broker, of which only the end is needed here.
type closer interface{ Close() error }

func start(ctx context.Context, c Config) (closer, string, error) {
	addr, err := c.Kafka, error(nil)
	if addr == "" {
		addr, err = Addr(c.Home)
	}
	if errors.Is(err, os.ErrNotExist) {
		addr, err = service.FreeAddr(ctx)
	}
	if err != nil {
		return nil, "", err
	}
	kafka, err := embedded.StartKafka(embedded.KafkaConfig{Dir: filepath.Join(service.Dir(c.Home), "broker"), Addr: addr, Exposed: c.Kafka != ""})
	if err != nil {
		return nil, "", fmt.Errorf("starting Kafka on %s: %w", addr, err)
	}
	if err := os.WriteFile(addrPath(c.Home), []byte(addr+"\n"), 0o600); err != nil {
		return nil, "", errors.Join(fmt.Errorf("writing the Kafka address: %w", err), kafka.Close())
	}
	return kafka, addr, nil
}

func dial(ctx context.Context, addr string) error {
	d := net.Dialer{Timeout: time.Second}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("connecting to Kafka: %w", err)
	}
	return conn.Close()
}

// ClusterReplicas leaves the number of replicas to the cluster's own setting.
const ClusterReplicas int16 = -1

// CreateTopics makes the platform's topics where they are missing.
func CreateTopics(ctx context.Context, brokers []string, replicas int16) error {
	cl, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		return fmt.Errorf("connecting to Kafka: %w", err)
	}
	defer cl.Close()
	for topic, partitions := range map[string]int32{Topic: Partitions, DeadLetters: 1} {
		_, err := kadm.NewClient(cl).CreateTopic(ctx, partitions, replicas, nil, topic)
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return fmt.Errorf("creating topic %s: %w", topic, err)
		}
	}
	return nil
}

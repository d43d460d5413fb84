package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	projectParts  = 4       // partitions of the topic
	projectBatch  = 250_000 // rows of a commit, where the engine counts them
	projectWithin = 10 * time.Minute
	projectTarget = 3 // times the better of the peers
)

// projecting has Faultline and its peers write one topic to a table each.
func (b *bench) projecting(ctx context.Context) error {
	topic := "probes-" + time.Now().UTC().Format("150405")
	if err := b.fill(ctx, topic, b.rows); err != nil {
		return err
	}
	if err := b.shelf.prepare(ctx); err != nil {
		return err
	}
	own, peers, err := b.engines(topic)
	if err != nil {
		return err
	}
	var best float64
	for _, e := range peers {
		got, err := e.run(ctx, b.shelf, b.rows)
		if err != nil {
			return err
		}
		best = max(best, got.going)
		b.describe(e.name, "", got, false)
	}
	for i, e := range own {
		got, err := e.run(ctx, b.shelf, b.rows)
		if err != nil {
			return err
		}
		target := ""
		if i == 0 && best > 0 {
			target = fmt.Sprintf("≥ %d times the better peer", projectTarget)
		}
		b.describe(e.name, target, got, got.going >= projectTarget*best)
	}
	return b.forget(ctx, topic)
}

// describe is an engine's lines of the table.
func (b *bench) describe(name, target string, got written, met bool) {
	figure := fmt.Sprintf("%d records of %d bytes to an Iceberg table, %s", got.rows, b.recordSize, name)
	b.add(figure, target, fmt.Sprintf("%.0f rows/s between commits; %.0f rows/s from its start, %s",
		got.going, float64(got.rows)/got.whole.Seconds(), short(got.whole)), met)
	b.peer("the same, a commit", got.commits.tail())
	b.peer("the same, memory at its peak", mib(got.rss))
}

// engines are Faultline's two ways, and the peers.
func (b *bench) engines(topic string) (own, peers []engine, err error) {
	faultline := func(name, table string, oneByOne bool) engine {
		e := errand{Brokers: b.brokers, Lake: b.shelf.Lake, Topic: topic, Table: table, Batch: projectBatch, OneByOne: oneByOne}
		return engine{name: name, table: table, commits: told, within: projectWithin, start: func(context.Context) (*child, error) {
			return e.launch(name, filepath.Join(b.temp, table+".log"))
		}}
	}
	own = []engine{
		faultline("Faultline, in bulk with franz-go", tableOf(topic, "bulk"), false),
		faultline("Faultline, message by message with watermill", tableOf(topic, "watermill"), true),
	}
	if b.peers == "" {
		return own, nil, nil
	}
	dir := filepath.Join(b.temp, "connect")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("making a folder for the peer: %w", err)
	}
	return own, []engine{b.pyiceberg(topic, tableOf(topic, "python")), b.connect(dir, topic, tableOf(topic, "connect"))}, nil
}

func tableOf(topic, engine string) string { return strings.ReplaceAll(topic, "-", "_") + "_" + engine }

// pyiceberg is a consumer in Python: librdkafka, pyarrow, pyiceberg.
func (b *bench) pyiceberg(topic, table string) engine {
	return engine{name: "peer: a consumer with pyiceberg", table: table, commits: told, within: projectWithin, start: func(context.Context) (*child, error) {
		return launch("the consumer with pyiceberg", filepath.Join(b.temp, table+".log"), b.python, "bench/peers/consumer.py",
			strings.Join(b.brokers, ","), topic, benchNamespace+"."+table, fmt.Sprint(b.rows), fmt.Sprint(projectBatch),
			b.shelf.Catalog, b.shelf.S3, b.shelf.Key, b.shelf.Secret)
	}}
}

// fill makes a topic with so many records, and the control topic of the peer.
func (b *bench) fill(ctx context.Context, topic string, n int64) (err error) {
	c, err := kafka(b.brokers, kgo.DefaultProduceTopic(topic), kgo.ProducerLinger(20*time.Millisecond), kgo.ProducerBatchMaxBytes(900_000))
	if err != nil {
		return err
	}
	defer c.Close()
	admin := kadm.NewClient(c)
	for name, partitions := range map[string]int32{topic: projectParts, controlTopic: 1} {
		if _, err := admin.CreateTopic(ctx, partitions, 1, nil, name); err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return fmt.Errorf("making topic %s: %w", name, err)
		}
	}
	some, err := probes(20_000)
	if err != nil {
		return err
	}
	for _, line := range some {
		b.recordSize += len(line)
	}
	b.recordSize /= len(some)
	say(b.progress, fmt.Sprintf("  writing %d records of %d bytes", n, b.recordSize))
	problems := make(chan error, 1)
	for i := range n {
		c.Produce(ctx, &kgo.Record{Value: some[i%int64(len(some))]}, func(_ *kgo.Record, err error) {
			if err != nil {
				select {
				case problems <- err:
				default:
				}
			}
		})
	}
	err = c.Flush(ctx)
	select {
	case lost := <-problems:
		err = errors.Join(err, lost)
	default:
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", topic, err)
	}
	return nil
}

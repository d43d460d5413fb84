package main

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	loadParts  = 6               // partitions of a topic that carries load
	loadSpell  = 2 * time.Second // of producing
	loadWithin = time.Minute     // for one measurement
)

// flow is how much passed in how long.
type flow struct {
	records int64
	size    int
	took    time.Duration
}

func (f flow) rate() float64 { return float64(f.records) / f.took.Seconds() }

// value is a JSON document of a size, as the records that faults read. Two of
// its fields are equal: a fault that swaps them reads all and changes nothing.
func value(size, n int) []byte {
	head := fmt.Sprintf(`{"symbol":"EURUSD","price":%d.25,"quantity":%d,"bid":7,"ask":7,"note":"`, 100+n%900, 1+n%90)
	return []byte(head + strings.Repeat("x", max(size-len(head)-2, 0)) + `"}`)
}

// kafka opens a client as one would for throughput: batches, all replicas, no
// compression.
func kafka(bootstrap []string, more ...kgo.Opt) (*kgo.Client, error) {
	c, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(bootstrap...), kgo.UnknownTopicRetries(100), kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.ProducerLinger(time.Millisecond), kgo.MaxBufferedRecords(100_000),
		kgo.FetchMaxWait(time.Second), kgo.MetadataMinAge(100 * time.Millisecond),
	}, more...)...)
	if err != nil {
		return nil, fmt.Errorf("opening a client of %s: %w", bootstrap[0], err)
	}
	return c, nil
}

// topics makes topics whose data goes soon once they are deleted, straight at
// the brokers.
func (b *bench) topics(ctx context.Context, partitions int32, names ...string) error {
	c, err := kafka(b.brokers)
	if err != nil {
		return err
	}
	defer c.Close()
	soon := "1000"
	all, err := kadm.NewClient(c).CreateTopics(ctx, partitions, 3, map[string]*string{"file.delete.delay.ms": &soon}, names...)
	if err == nil {
		err = all.Error()
	}
	if err != nil {
		return fmt.Errorf("making topics: %w", err)
	}
	return nil
}

// twins makes topics of one partition each, which all have the same replicas
// and leader: what comes by one is as far away as what comes by another.
func (b *bench) twins(ctx context.Context, names []string) error {
	c, err := kafka(b.brokers)
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := kadm.NewClient(c).ListBrokers(ctx)
	if err != nil {
		return fmt.Errorf("listing brokers: %w", err)
	}
	r := kmsg.NewPtrCreateTopicsRequest()
	for _, name := range names {
		t, p := kmsg.NewCreateTopicsRequestTopic(), kmsg.NewCreateTopicsRequestTopicReplicaAssignment()
		p.Replicas = all.NodeIDs()
		t.Topic, t.NumPartitions, t.ReplicationFactor, t.ReplicaAssignment = name, -1, -1, append(t.ReplicaAssignment, p)
		r.Topics = append(r.Topics, t)
	}
	res, err := r.RequestWith(ctx, c)
	if err != nil {
		return fmt.Errorf("making topics: %w", err)
	}
	for _, t := range res.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			return fmt.Errorf("making topic %s: %w", t.Topic, err)
		}
	}
	return nil
}

func (b *bench) forget(ctx context.Context, name string) error {
	c, err := kafka(b.brokers)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := kadm.NewClient(c).DeleteTopic(ctx, name); err != nil {
		return fmt.Errorf("deleting topic %s: %w", name, err)
	}
	return nil
}

// produce writes records of a size until a spell is over, or limit of them,
// and waits until all are acknowledged.
func produce(ctx context.Context, bootstrap []string, topic string, size int, limit int64) (flow, error) {
	ctx, stop := context.WithTimeout(ctx, loadWithin)
	defer stop()
	c, err := kafka(bootstrap, kgo.DefaultProduceTopic(topic))
	if err != nil {
		return flow{}, err
	}
	defer c.Close()
	// Its connections and its producer id are there before the clock starts.
	if err := c.ProduceSync(ctx, warm(topic, size)...).FirstErr(); err != nil {
		return flow{}, fmt.Errorf("producing to %s: %w", topic, err)
	}
	var lost atomic.Pointer[error]
	done := func(_ *kgo.Record, err error) {
		if err != nil {
			lost.Store(&err)
		}
	}
	values := make([][]byte, 64)
	for i := range values {
		values[i] = value(size, i)
	}
	out, began := flow{size: size}, time.Now()
	for time.Since(began) < loadSpell && (limit == 0 || out.records < limit) {
		for range 100 { // the clock is not looked at for each
			c.Produce(ctx, &kgo.Record{Value: values[out.records%64]}, done)
			out.records++
		}
	}
	err = c.Flush(ctx)
	out.took = time.Since(began)
	if e := lost.Load(); e != nil {
		err = *e
	}
	if err != nil {
		return out, fmt.Errorf("producing to %s: %w", topic, err)
	}
	return out, nil
}

// warm has a record for each partition.
func warm(topic string, size int) (out []*kgo.Record) {
	for i := range 10 * loadParts {
		out = append(out, &kgo.Record{Topic: topic, Key: fmt.Append(nil, i), Value: value(size, i)})
	}
	return out
}

// fetch reads records of a topic from its start, as many as are asked for.
func fetch(ctx context.Context, bootstrap []string, topic string, size int, records int64) (flow, error) {
	ctx, stop := context.WithTimeout(ctx, loadWithin)
	defer stop()
	began := time.Now()
	c, err := kafka(bootstrap, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return flow{}, err
	}
	defer c.Close()
	out := flow{size: size}
	for out.records < records {
		some := c.PollFetches(ctx)
		if err := some.Err(); err != nil {
			return out, fmt.Errorf("reading %s: %w", topic, err)
		}
		out.records += int64(some.NumRecords())
	}
	out.took = time.Since(began)
	return out, nil
}

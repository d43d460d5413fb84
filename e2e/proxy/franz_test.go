//go:build e2e

package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// franz is franz-go as a client of the proxy.
type franz struct {
	options
	dial func(ctx context.Context, network, address string) (net.Conn, error) // nil: as usual
}

func (f *franz) steps() []step {
	out := []step{
		{"client", func() (any, error) { return "franz-go", nil }},
		{"brokers", f.brokers},
	}
	for name, codec := range map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	} {
		out = append(out, step{"produce " + name, func() (any, error) { return f.compressed(name, codec) }})
	}
	return append(out,
		step{"transactions", f.transactions},
		step{"exactly once", f.exactlyOnce},
		step{"group classic", func() (any, error) { return f.group("classic") }},
		step{"group consumer", func() (any, error) { return f.group("consumer", kgo.ServerSideBalancer()) }},
		step{"admin", f.administer},
	)
}

func (f *franz) name(what string) string { return f.prefix + "-" + what }

func (f *franz) common(more ...kgo.Opt) []kgo.Opt {
	out := []kgo.Opt{
		kgo.SeedBrokers(f.bootstrap...), kgo.ClientID(f.prefix), kgo.MetadataMinAge(100 * time.Millisecond), kgo.MetadataMaxAge(time.Second), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	}
	if f.dial != nil {
		out = append(out, kgo.Dialer(f.dial))
	}
	return append(out, more...)
}

// with opens a client, lets it be used and closes it.
func (f *franz) with(use func(context.Context, *kgo.Client) error, opts ...kgo.Opt) error {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	c, err := kgo.NewClient(f.common(opts...)...)
	if err != nil {
		return err
	}
	defer c.CloseAllowingRebalance()
	return use(ctx, c)
}

func (f *franz) topic(what string) (string, error) {
	name := f.name(what)
	return name, f.with(func(ctx context.Context, c *kgo.Client) error {
		_, err := kadm.NewClient(c).CreateTopic(ctx, partitions, 3, nil, name)
		return err
	})
}

func (f *franz) produce(topic string, n int, opts ...kgo.Opt) error {
	return f.with(func(ctx context.Context, c *kgo.Client) error {
		all := make([]*kgo.Record, n)
		for i := range all {
			all[i] = &kgo.Record{
				Topic: topic, Key: fmt.Append(nil, i%10), Value: []byte(numbered(i)), Headers: []kgo.RecordHeader{{Key: "n", Value: fmt.Append(nil, i)}},
			}
		}
		return c.ProduceSync(ctx, all...).FirstErr()
	}, opts...)
}

// read gives the first n records of a topic, without a group.
func (f *franz) read(topic string, n int, opts ...kgo.Opt) (out []got, err error) {
	return out, f.with(func(ctx context.Context, c *kgo.Client) error {
		out, err = take(ctx, n, c)
		return err
	}, append(opts, kgo.ConsumeTopics(topic))...)
}

// take gives n records, and any that come soon after.
func take(ctx context.Context, n int, clients ...*kgo.Client) (out []got, err error) {
	for end := time.Now().Add(patience); time.Now().Before(end); {
		for _, c := range clients {
			some, err := poll(ctx, c)
			if err != nil {
				return out, err
			}
			for _, r := range some {
				g := got{partition: r.Partition, value: string(r.Value)}
				if len(r.Headers) > 0 {
					g.header = string(r.Headers[0].Value)
				}
				out = append(out, g)
			}
		}
		if at := time.Now().Add(soon); len(out) == n && at.Before(end) {
			end = at
		}
		if len(out) > n {
			break
		}
	}
	return out, nil
}

// poll gives what comes within a moment.
func poll(ctx context.Context, c *kgo.Client) ([]*kgo.Record, error) {
	wait, stop := context.WithTimeout(ctx, 100*time.Millisecond)
	defer stop()
	fetched := c.PollFetches(wait)
	for _, e := range fetched.Errors() {
		if !errors.Is(e.Err, context.DeadlineExceeded) {
			return nil, e.Err
		}
	}
	return fetched.Records(), nil
}

func (f *franz) brokers() (out any, err error) {
	return out, f.with(func(ctx context.Context, c *kgo.Client) error {
		m, err := kadm.NewClient(c).BrokerMetadata(ctx)
		out = slices.Sorted(slices.Values(addresses(m.Brokers)))
		return err
	})
}

func addresses(brokers kadm.BrokerDetails) (out []string) {
	for _, b := range brokers {
		out = append(out, fmt.Sprintf("%s:%d", b.Host, b.Port))
	}
	return out
}

func (f *franz) compressed(name string, codec kgo.CompressionCodec) (any, error) {
	topic, err := f.topic(name)
	if err != nil {
		return nil, err
	}
	if err := f.produce(topic, records, kgo.ProducerBatchCompression(codec)); err != nil {
		return nil, err
	}
	all, err := f.read(topic, records)
	return judged(all), err
}

func (f *franz) transactions() (any, error) {
	topic, err := f.topic("tx")
	if err != nil {
		return nil, err
	}
	err = f.with(func(ctx context.Context, c *kgo.Client) error {
		for _, t := range []struct {
			batch string
			end   kgo.TransactionEndTry
		}{{"a", kgo.TryCommit}, {"b", kgo.TryAbort}, {"c", kgo.TryCommit}} {
			if err := c.BeginTransaction(); err != nil {
				return err
			}
			for i := range 5 {
				r := &kgo.Record{Topic: topic, Key: fmt.Append(nil, i), Value: fmt.Append(nil, t.batch, i)}
				if err := c.ProduceSync(ctx, r).FirstErr(); err != nil {
					return err
				}
			}
			if err := c.EndTransaction(ctx, t.end); err != nil {
				return err
			}
		}
		return nil
	}, kgo.TransactionalID(f.name("tx")))
	if err != nil {
		return nil, err
	}
	committed, err := f.read(topic, 10, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	if err != nil {
		return nil, err
	}
	every, err := f.read(topic, 15)
	return map[string]any{"committed": texts(committed), "uncommitted": len(every)}, err
}

// code is that of Kafka's error; 0 for none.
func code(err error) int16 {
	if e := (*kerr.Error)(nil); errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return -1
	}
	return 0
}

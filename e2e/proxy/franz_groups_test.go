//go:build e2e

package proxy_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// exactlyOnce takes what was committed, writes it elsewhere and commits both
// as one; the first try is aborted.
func (f *franz) exactlyOnce() (any, error) {
	out, err := f.topic("out")
	if err != nil {
		return nil, err
	}
	group := f.name("eos")
	for _, end := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit} {
		if err := f.carry(group, out, end); err != nil {
			return nil, err
		}
	}
	// The coordinator of the group learns of a commit a moment after the client.
	if err := until("offsets of what was carried", func() (bool, error) { return f.carried(group) }); err != nil {
		return nil, err
	}
	all, err := f.read(out, 10, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	return map[string]any{"out": texts(all), "committed": true}, err
}

// carried says whether a group has come to the end of all that was committed.
func (f *franz) carried(group string) (all bool, err error) {
	return all, f.with(func(ctx context.Context, c *kgo.Client) error {
		committed, err := kadm.NewClient(c).FetchOffsets(ctx, group)
		if err != nil {
			return err
		}
		ends, err := kadm.NewClient(c).ListCommittedOffsets(ctx, f.name("tx"))
		all = err == nil
		ends.Each(func(o kadm.ListedOffset) { // the mark that ends a transaction takes an offset, too
			at, there := committed.Lookup(o.Topic, o.Partition)
			all = all && (o.Offset == 0 || there && at.At > 0 && at.At <= o.Offset)
		})
		return err
	})
}

func (f *franz) carry(group, to string, end kgo.TransactionEndTry) error {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	s, err := kgo.NewGroupTransactSession(f.common(
		kgo.TransactionalID(f.name("eos")), kgo.ConsumerGroup(group), kgo.ConsumeTopics(f.name("tx")),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
	)...)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Begin(); err != nil {
		return err
	}
	for n := 0; n < 10; {
		fetched := s.PollFetches(ctx)
		if err := fetched.Err0(); err != nil {
			return fmt.Errorf("after %d records: %w", n, err)
		}
		for _, r := range fetched.Records() {
			if err := s.ProduceSync(ctx, &kgo.Record{Topic: to, Key: r.Key, Value: append([]byte("out-"), r.Value...)}).FirstErr(); err != nil {
				return err
			}
			n++
		}
	}
	_, err = s.End(ctx, end)
	return err
}

// group shares a topic among two, and goes on where they ended.
func (f *franz) group(protocol string, opts ...kgo.Opt) (any, error) {
	topic, err := f.topic(protocol)
	if err != nil {
		return nil, err
	}
	group := f.name(protocol)
	opts = append(opts, kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(), kgo.Balancers(kgo.RangeBalancer()), kgo.HeartbeatInterval(soon))
	var all []got
	err = f.with(func(_ context.Context, one *kgo.Client) error {
		return f.with(func(ctx context.Context, two *kgo.Client) error {
			if all, err = f.share(ctx, topic, group, one, two); err != nil {
				return err
			}
			if err := one.CommitUncommittedOffsets(ctx); err != nil {
				return err
			}
			return two.CommitUncommittedOffsets(ctx)
		}, opts...)
	}, opts...)
	if err != nil {
		return nil, err
	}
	seen := map[string]any{"received": len(all), "distinct": distinct(all), "members": 2}
	if err := f.produce(topic, more); err != nil {
		return nil, err
	}
	err = f.with(func(ctx context.Context, c *kgo.Client) error {
		all, err := take(ctx, more, c)
		if err != nil {
			return err
		}
		seen["resumed"] = len(all)
		if err := c.CommitUncommittedOffsets(ctx); err != nil {
			return err
		}
		state, members, err := f.described(ctx, c, group)
		seen["described"] = []any{state, members}
		return err
	}, opts...)
	if err != nil {
		return nil, err
	}
	return seen, f.forget(group, seen)
}

// share waits until both have partitions, and lets them read.
func (f *franz) share(ctx context.Context, topic, group string, one, two *kgo.Client) ([]got, error) {
	err := until("a group of two", func() (bool, error) {
		if _, err := poll(ctx, one); err != nil { // there is nothing yet, but a group is joined by reading
			return false, err
		}
		if _, err := poll(ctx, two); err != nil {
			return false, err
		}
		state, members, err := f.described(ctx, one, group)
		return state == "stable" && members == 2, err
	})
	if err != nil {
		return nil, err
	}
	if err := f.produce(topic, records); err != nil {
		return nil, err
	}
	return take(ctx, records, one, two)
}

func (f *franz) described(ctx context.Context, c *kgo.Client, group string) (state string, members int, err error) {
	a := kadm.NewClient(c)
	if strings.HasSuffix(group, "-consumer") {
		all, err := a.DescribeConsumerGroups(ctx, group)
		g := all[group]
		for _, m := range g.Members {
			if len(m.Assignment) > 0 {
				members++
			}
		}
		return strings.ToLower(g.State), members, err
	}
	all, err := a.DescribeGroups(ctx, group)
	g := all[group]
	for _, m := range g.Members {
		if c, ok := m.Assigned.AsConsumer(); ok && len(c.Topics) > 0 {
			members++
		}
	}
	return strings.ToLower(g.State), members, err
}

func (f *franz) forget(group string, seen map[string]any) error {
	return f.with(func(ctx context.Context, c *kgo.Client) error {
		a := kadm.NewClient(c)
		before, err := a.ListGroups(ctx)
		if err != nil {
			return err
		}
		committed, err := a.FetchOffsets(ctx, group)
		if err != nil {
			return err
		}
		var sum int64
		committed.Each(func(o kadm.OffsetResponse) { sum += o.At })
		if _, err := a.DeleteGroup(ctx, group); err != nil {
			return err
		}
		after, err := a.ListGroups(ctx)
		_, listed := before[group]
		_, still := after[group]
		seen["listed"], seen["committed"], seen["gone"] = listed, sum, !still
		return err
	})
}

//go:build e2e

package proxy_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func (f *franz) administer() (any, error) {
	seen := map[string]any{}
	return seen, f.with(func(ctx context.Context, c *kgo.Client) error {
		a, name := kadm.NewClient(c), f.name("admin")
		minute := "60000"
		if _, err := a.CreateTopic(ctx, 2, 3, map[string]*string{"retention.ms": &minute}, name); err != nil {
			return err
		}
		_, err := a.CreateTopic(ctx, 2, 3, nil, name)
		seen["again"] = code(err)
		if err := f.configure(ctx, a, name, seen); err != nil {
			return err
		}
		if err := f.grow(ctx, c, name, seen); err != nil {
			return err
		}
		described, err := a.ListTopics(ctx, f.name("nothing"))
		if err != nil {
			return err
		}
		seen["unknown"] = code(described[f.name("nothing")].Err)
		created, err := a.CreateACLs(ctx, kadm.NewACLs().Allow("User:a").AllowHosts().Topics(name).Operations(kadm.OpRead).ResourcePatternType(kadm.ACLPatternLiteral))
		if err != nil || len(created) != 1 {
			return fmt.Errorf("creating an ACL: %w, %d results", err, len(created))
		}
		seen["acls"] = code(created[0].Err)
		m, err := a.Metadata(ctx)
		if err != nil {
			return err
		}
		seen["cluster"] = slices.Sorted(slices.Values(addresses(m.Brokers)))
		if _, err := a.DeleteTopic(ctx, name); err != nil {
			return err
		}
		return until("a topic that is gone", func() (bool, error) {
			all, err := a.ListTopics(ctx)
			return !all.Has(name), err
		})
	}, kgo.RecordPartitioner(kgo.ManualPartitioner()))
}

func (f *franz) configure(ctx context.Context, a *kadm.Client, name string, seen map[string]any) error {
	has := func(want string) func() (bool, error) {
		return func() (bool, error) { got, err := retention(ctx, a, name); return got == want, err }
	}
	if err := until("a retention", has("60000")); err != nil {
		return err
	}
	twoMinutes := "120000"
	altered, err := a.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: &twoMinutes}}, name)
	if err != nil || len(altered) != 1 || altered[0].Err != nil {
		return fmt.Errorf("altering the retention: %w, %v", err, altered)
	}
	seen["retention"] = []string{"60000", twoMinutes}
	return until("another retention", has(twoMinutes))
}

func retention(ctx context.Context, a *kadm.Client, name string) (string, error) {
	all, err := a.DescribeTopicConfigs(ctx, name)
	if err != nil {
		return "", err
	}
	for _, c := range all[0].Configs {
		if c.Key == "retention.ms" {
			return c.MaybeValue(), nil
		}
	}
	return "", all[0].Err
}

// grow gives the topic a third partition and its first five records, of which
// it deletes two.
func (f *franz) grow(ctx context.Context, c *kgo.Client, name string, seen map[string]any) error {
	a := kadm.NewClient(c)
	if _, err := a.UpdatePartitions(ctx, partitions, name); err != nil {
		return err
	}
	err := until("a third partition", func() (bool, error) {
		all, err := a.ListTopics(ctx, name)
		return len(all[name].Partitions) == partitions, err
	})
	if err != nil {
		return err
	}
	for i := range 5 {
		if err := c.ProduceSync(ctx, &kgo.Record{Topic: name, Value: fmt.Append(nil, i)}).FirstErr(); err != nil {
			return err
		}
	}
	first, err := a.ListStartOffsets(ctx, name)
	if err != nil {
		return err
	}
	end, err := a.ListEndOffsets(ctx, name)
	if err != nil {
		return err
	}
	start, _ := first.Lookup(name, 0)
	last, _ := end.Lookup(name, 0)
	seen["offsets"] = []int64{start.Offset, last.Offset}
	var two kadm.Offsets
	two.Add(kadm.Offset{Topic: name, Partition: 0, At: 2})
	if _, err := a.DeleteRecords(ctx, two); err != nil {
		return err
	}
	return until("records that are gone", func() (bool, error) {
		now, err := a.ListStartOffsets(ctx, name)
		o, _ := now.Lookup(name, 0)
		return o.Offset == 2, err
	})
}

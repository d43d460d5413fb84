//go:build e2e

package proxy_test

import (
	"errors"
	"fmt"

	"github.com/IBM/sarama"
)

func (s *sar) administer() (any, error) {
	seen, name := map[string]any{}, s.name("admin")
	return seen, s.asAdmin(func(a sarama.ClusterAdmin) error {
		minute := "60000"
		detail := &sarama.TopicDetail{NumPartitions: 2, ReplicationFactor: 3, ConfigEntries: map[string]*string{"retention.ms": &minute}}
		if err := a.CreateTopic(name, detail, false); err != nil {
			return err
		}
		seen["again"] = saramaCode(a.CreateTopic(name, detail, false))
		if err := s.configure(a, name, seen); err != nil {
			return err
		}
		if err := s.grow(a, name, seen); err != nil {
			return err
		}
		described, err := a.DescribeTopics([]string{s.name("nothing")})
		if err != nil || len(described) != 1 {
			return fmt.Errorf("describing a topic: %w, %d results", err, len(described))
		}
		seen["unknown"] = saramaCode(described[0].Err)
		acl := &sarama.Acl{Principal: "User:a", Host: "*", Operation: sarama.AclOperationRead, PermissionType: sarama.AclPermissionAllow}
		resource := sarama.Resource{ResourceType: sarama.AclResourceTopic, ResourceName: name, ResourcePatternType: sarama.AclPatternLiteral}
		seen["acls"] = saramaCode(a.CreateACLs([]*sarama.ResourceAcls{{Resource: resource, Acls: []*sarama.Acl{acl}}}))
		all, _, err := a.DescribeCluster()
		if err != nil {
			return err
		}
		seen["cluster"] = saramaAddresses(all)
		if err := a.DeleteTopic(name); err != nil {
			return err
		}
		return until("a topic that is gone", func() (bool, error) {
			all, err := a.ListTopics()
			_, there := all[name]
			return !there, err
		})
	})
}

func (s *sar) configure(a sarama.ClusterAdmin, name string, seen map[string]any) error {
	has := func(want string) func() (bool, error) {
		return func() (bool, error) {
			asked := &sarama.ConfigResource{Type: sarama.TopicResource, Name: name, ConfigNames: []string{"retention.ms"}}
			all, err := a.DescribeConfigs([]*sarama.ConfigResource{asked}, sarama.DescribeConfigsOptions{})
			return len(all) == 1 && len(all[0].Configs) == 1 && all[0].Configs[0].Value == want, err
		}
	}
	if err := until("a retention", has("60000")); err != nil {
		return err
	}
	twoMinutes := "120000"
	change := map[string]sarama.IncrementalAlterConfigsEntry{"retention.ms": {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &twoMinutes}}
	if err := a.IncrementalAlterConfig(sarama.TopicResource, name, change, false); err != nil {
		return err
	}
	seen["retention"] = []string{"60000", twoMinutes}
	return until("another retention", has(twoMinutes))
}

// grow gives the topic a third partition and its first five records, of which
// it deletes two.
func (s *sar) grow(a sarama.ClusterAdmin, name string, seen map[string]any) error {
	if err := a.CreatePartitions(name, partitions, nil, false); err != nil {
		return err
	}
	err := until("a third partition", func() (bool, error) {
		all, err := a.DescribeTopics([]string{name})
		return len(all) == 1 && len(all[0].Partitions) == partitions, err
	})
	if err != nil {
		return err
	}
	c := s.config()
	c.Producer.Partitioner = sarama.NewManualPartitioner
	p, err := sarama.NewSyncProducer(s.bootstrap, c)
	if err != nil {
		return err
	}
	for i := range 5 {
		if _, _, err := p.SendMessage(&sarama.ProducerMessage{Topic: name, Value: sarama.StringEncoder(fmt.Sprint(i))}); err != nil {
			return errors.Join(err, p.Close())
		}
	}
	if err := p.Close(); err != nil {
		return err
	}
	offset := func(at int64) (int64, error) {
		all, err := a.ListOffsets(map[string]map[int32]int64{name: {0: at}}, nil)
		if err != nil {
			return 0, err
		}
		return all[name][0].Offset, nil
	}
	first, err := offset(sarama.OffsetOldest)
	if err != nil {
		return err
	}
	end, err := offset(sarama.OffsetNewest)
	if err != nil {
		return err
	}
	seen["offsets"] = []int64{first, end}
	if err := a.DeleteRecords(name, map[int32]int64{0: 2}); err != nil {
		return err
	}
	return until("records that are gone", func() (bool, error) { now, err := offset(sarama.OffsetOldest); return now == 2, err })
}

// saramaCode is that of Kafka's error; 0 for none.
func saramaCode(err error) int16 {
	if e := sarama.KError(0); errors.As(err, &e) {
		return int16(e)
	}
	if e := (*sarama.TopicError)(nil); errors.As(err, &e) {
		return int16(e.Err)
	}
	if err != nil {
		return -1
	}
	return 0
}

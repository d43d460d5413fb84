package answer

import "github.com/twmb/franz-go/pkg/kmsg"

// offsetsFetched tells the code for each group from version 8 on, and for the
// group from version 2 on. Where topics are selected, and before, it stands at
// the partitions.
func offsetsFetched(r *kmsg.OffsetFetchResponse, code int16, visit visit) {
	switch {
	case r.Version >= 8:
		for i := range r.Groups {
			g := &r.Groups[i]
			visit(Place{Partition: -1, Group: g.Group}, func() { g.ErrorCode, g.Topics = code, nil })
			for j := range g.Topics {
				t := &g.Topics[j]
				for k := range t.Partitions {
					p := &t.Partitions[k]
					visit(Place{Topic: t.Topic, ID: t.TopicID, Partition: p.Partition, Group: g.Group}, func() {
						p.ErrorCode, p.Offset, p.LeaderEpoch, p.Metadata = code, -1, -1, new(string)
					})
				}
			}
		}
		return
	case r.Version >= 2:
		visit(Whole(), func() { r.ErrorCode, r.Topics = code, nil })
	}
	for i := range r.Topics {
		t := &r.Topics[i]
		for j := range t.Partitions {
			p := &t.Partitions[j]
			visit(Place{Topic: t.Topic, Partition: p.Partition}, func() {
				p.ErrorCode, p.Offset, p.LeaderEpoch, p.Metadata = code, -1, -1, new(string)
			})
		}
	}
}

func coordinatorsFound(r *kmsg.FindCoordinatorResponse, code int16, visit visit) {
	if r.Version < 4 {
		visit(Whole(), func() { r.ErrorCode, r.ErrorMessage, r.NodeID, r.Host, r.Port = code, nil, -1, "", -1 })
		return
	}
	for i := range r.Coordinators {
		c := &r.Coordinators[i]
		visit(Place{Partition: -1, Group: c.Key}, func() { c.ErrorCode, c.ErrorMessage, c.NodeID, c.Host, c.Port = code, nil, -1, "", -1 })
	}
}

// partitionsAdded tells, as brokers do, of partitions that were not the cause
// that nothing was tried for them: a transaction takes all or none.
func partitionsAdded(r *kmsg.AddPartitionsToTxnResponse, code int16, visit visit) {
	told := false
	one := func(topic string, partition int32, at *int16) {
		visit(Place{Topic: topic, Partition: partition}, func() { *at, told = code, true })
	}
	each := func(do func(topic string, partition int32, at *int16)) {
		for i := range r.Topics {
			t := &r.Topics[i]
			for j := range t.Partitions {
				do(t.Topic, t.Partitions[j].Partition, &t.Partitions[j].ErrorCode)
			}
		}
		for k := range r.Transactions {
			for i := range r.Transactions[k].Topics {
				t := &r.Transactions[k].Topics[i]
				for j := range t.Partitions {
					do(t.Topic, t.Partitions[j].Partition, &t.Partitions[j].ErrorCode)
				}
			}
		}
	}
	each(one)
	if !told || code == 0 {
		return
	}
	each(func(_ string, _ int32, at *int16) {
		if *at == 0 {
			*at = operationNotAttempted
		}
	})
}

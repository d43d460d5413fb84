package force

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/answer"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// sent is a produced batch that something was done to, or to records of it.
type sent struct {
	topic     string
	id        [16]byte
	partition int32
	batch     uint64
	entries   bool // of the journal, which wait for its offset
	key       sequence
	again     bool // idempotent: the client sends it again, the same, until it knows
	copies    []*copied
}

// produce lets rules at the records of a request. act is what was decided
// before.
func (e *Engine) produce(ctx context.Context, x *relay.Exchange, n *note, req *kmsg.ProduceRequest, rules []*active, act relay.Action) relay.Action {
	if len(rules) == 0 {
		return act
	}
	type part struct {
		at   *kmsg.ProduceRequestTopicPartition
		work *work
		sent *sent
	}
	var parts []part
	var marks []*mark
	for i := range req.Topics {
		t := &req.Topics[i]
		name, ok := topicOf(x, t.Topic, t.TopicID)
		if !ok {
			continue
		}
		for j := range t.Partitions {
			p := &t.Partitions[j]
			s := &sent{topic: t.Topic, id: t.TopicID, partition: p.Partition}
			s.key, s.again = sequenceOf(name, p.Partition, p.Records)
			if was, ok := e.retries.before(s.key); s.again && ok {
				s.batch, s.copies, s.entries = was.batch, was.copies, was.entries
				n.sent = append(n.sent, s)
				if was.bytes != nil {
					p.Records, act.Do = was.bytes, relay.Send
				}
				continue
			}
			s.batch = e.batches.Add(1)
			w := &work{e: e, x: x, topic: name, partition: p.Partition, produce: true, batch: s.batch, raw: p.Records}
			for _, a := range rules {
				if a.Where.Partition(name, p.Partition) && !w.empty {
					w.pass(ctx, a)
				}
			}
			parts = append(parts, part{p, w, s})
			marks = append(marks, w.marks...)
		}
	}
	ok := e.write(marks) == nil
	emptied := map[answer.Place]bool{}
	for _, p := range parts {
		kept := outcome{batch: p.sent.batch, copies: p.work.copies}
		if ok {
			for _, m := range p.work.marks {
				kept.entries = kept.entries || m.Batch != 0
				if r := m.a.Records; r != nil && r.Do == rule.Hold && r.Delay > act.Hold {
					act.Hold, act.Lifted = r.Delay, m.a.lifted
				}
			}
			if changed(p.work.raw, p.at.Records) {
				kept.bytes = p.work.raw
				p.at.Records, act.Do = p.work.raw, relay.Send
			}
			if p.work.empty {
				emptied[answer.Place{Topic: p.sent.topic, ID: p.sent.id, Partition: p.sent.partition}] = true
			}
		}
		p.sent.copies, p.sent.entries = kept.copies, kept.entries
		if p.sent.again {
			e.retries.keep(p.sent.key, kept)
		}
		if p.sent.entries || len(p.sent.copies) > 0 {
			n.sent = append(n.sent, p.sent)
		}
	}
	if req.Acks == 0 {
		e.unacknowledged(ctx, n)
	}
	return e.took(x, n, req, emptied, act)
}

// took answers for partitions of which no record is left.
func (e *Engine) took(x *relay.Exchange, n *note, req *kmsg.ProduceRequest, emptied map[answer.Place]bool, act relay.Action) relay.Action {
	if len(emptied) == 0 {
		return act
	}
	resp, all := answer.Took(req, func(p answer.Place) bool { return emptied[p] })
	n.forge(resp)
	act.Do = relay.Send
	if all {
		n.local, x.Response, act.Do = true, n.forged, relay.Answer
	}
	return act
}

// unacknowledged ends the account of a request that is not answered.
func (e *Engine) unacknowledged(ctx context.Context, n *note) {
	for _, s := range n.sent {
		e.settle(s, -1)
		e.duplicate(ctx, s.copies, -1)
	}
	n.sent = nil
}

// acknowledged tells the journal where produced records stand, and appends
// the copies. An idempotent batch with an error comes again: it is settled
// then, or by the journal when that takes too long.
func (e *Engine) acknowledged(ctx context.Context, n *note, resp *kmsg.ProduceResponse) {
	for _, s := range n.sent {
		for i := range resp.Topics {
			t := &resp.Topics[i]
			if t.Topic != s.topic || t.TopicID != s.id {
				continue
			}
			for _, p := range t.Partitions {
				switch {
				case p.Partition != s.partition:
				case p.ErrorCode == 0:
					e.settle(s, p.BaseOffset)
					e.duplicate(ctx, e.retries.take(s), p.BaseOffset)
				case !s.again:
					e.settle(s, -1)
				}
			}
		}
	}
}

func (e *Engine) settle(s *sent, base int64) {
	if !s.entries || e.options.Journal == nil {
		return
	}
	if err := e.options.Journal.Settle(s.batch, base); err != nil {
		e.options.Log.Error("the offset of records that were touched is not written down", "batch", s.batch, "error", err)
	}
}

// changed: an edit without a change gives back what it got.
func changed(now, was []byte) bool {
	return len(now) != len(was) || (len(now) > 0 && &now[0] != &was[0])
}

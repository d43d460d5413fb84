package force

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// arrival is the records of one partition in a fetch response.
type arrival struct {
	at *kmsg.FetchResponseTopicPartition
	*work
	held []*active // the rules that hold records of it
	cut  int64     // the first offset that is held; -1: none
}

// fetch lets rules at the records of a response, and says for how long the
// response is held.
//
// Records that are held are cut off, with all behind them in their partition:
// the client asks for them again. It would do so at once and for ever, so the
// response waits where nothing else is in it: until the first one comes, but
// no longer than the client let the broker wait. Marks of the log and the
// lists of aborted transactions stay: they are true, and cover more than what
// is left.
func (e *Engine) fetch(ctx context.Context, x *relay.Exchange, resp *kmsg.FetchResponse, rules []*active) (bool, time.Duration) {
	if len(rules) == 0 {
		return false, 0
	}
	req, ok := x.Request.(*kmsg.FetchRequest)
	if ok {
		e.sessions.answered(x.Link, req, resp)
	} else {
		req = kmsg.NewPtrFetchRequest() // it was on its way before there was a rule: what it asked for is not known
		req.SessionID, req.MaxWaitMillis = resp.SessionID, 0
	}
	arrivals := e.arrivals(x, req, resp, rules)
	changed, hold := e.hold(arrivals, time.Duration(req.MaxWaitMillis)*time.Millisecond)
	var marks []*mark
	for _, p := range arrivals {
		for _, a := range rules {
			if (a.Records == nil || a.Records.Do != rule.Hold) && a.Where.Partition(p.topic, p.partition) && len(p.raw) > 0 {
				p.pass(ctx, a)
			}
		}
		marks = append(marks, p.marks...)
	}
	if len(marks) == 0 || e.write(marks) != nil {
		return changed, hold
	}
	for _, p := range arrivals {
		p.at.RecordBatches = p.raw
	}
	return true, hold
}

func (e *Engine) arrivals(x *relay.Exchange, req *kmsg.FetchRequest, resp *kmsg.FetchResponse, rules []*active) []*arrival {
	offsets := e.sessions.offsets(x.Link, req)
	var out []*arrival
	for i := range resp.Topics {
		t := &resp.Topics[i]
		name, ok := topicOf(x, t.Topic, t.TopicID)
		if !ok {
			continue
		}
		for j := range t.Partitions {
			p := &t.Partitions[j]
			if p.ErrorCode != 0 || len(p.RecordBatches) == 0 {
				continue
			}
			from, ok := offsets[fetched{t.Topic, t.TopicID, p.Partition}]
			if !ok { // the session is older than the rule: it reads at the end, where batches begin
				from = base(p.RecordBatches)
			}
			one := &arrival{at: p, cut: -1, work: &work{e: e, x: x, topic: name, partition: p.Partition, from: from, raw: p.RecordBatches}}
			for _, a := range rules {
				if a.Records != nil && a.Records.Do == rule.Hold && a.Where.Partition(name, p.Partition) {
					one.held = append(one.held, a)
				}
			}
			out = append(out, one)
		}
	}
	return out
}

// hold draws new records and cuts off those that are held.
func (e *Engine) hold(arrivals []*arrival, most time.Duration) (changed bool, wait time.Duration) {
	now := time.Now()
	for _, p := range arrivals {
		for _, a := range p.held {
			e.draw(p, a, now)
		}
	}
	at, soonest, other := now, time.Time{}, false
	for _, p := range arrivals {
		until := p.find(now, at)
		if p.cut < 0 || p.cut > p.from && p.cut > base(p.raw) {
			other = true // there is something to give now
		}
		if p.cut >= 0 && (soonest.IsZero() || until.Before(soonest)) {
			soonest = until
		}
	}
	if !soonest.IsZero() && !other {
		wait = min(soonest.Sub(now), most)
		at = now.Add(wait)
	}
	for _, p := range arrivals {
		if len(p.held) == 0 {
			continue
		}
		if p.find(now, at); p.cut < 0 {
			continue
		}
		short, err := e.cut(p.raw, p.from, p.cut)
		if err != nil {
			p.held[0].tally.unread(1, cause(err))
		}
		p.raw, p.at.RecordBatches, changed = short, short, true
	}
	return changed, wait
}

// find sets the cut to the first record that is held at a time.
func (p *arrival) find(now, at time.Time) (until time.Time) {
	p.cut = -1
	for _, a := range p.held {
		offset, t, ok := a.held.first(topicPartition{p.topic, p.partition}, p.from, now, at)
		if ok && (p.cut < 0 || offset < p.cut) {
			p.cut, until = offset, t
		}
	}
	return until
}

// draw says which of the records that are new are held.
func (e *Engine) draw(p *arrival, a *active, now time.Time) {
	key := topicPartition{p.topic, p.partition}
	var marks []*mark
	_, err := e.codec.Edit(p.raw, func(b *record.Batch) (bool, error) {
		if b.Control() {
			return false, nil
		}
		h := hand{work: p.work, active: a, batch: b}
		for i := range b.Records {
			if offset := b.Offset(i); offset >= p.from && a.held.fresh(key, offset) && a.gate.HitRecord(p.topic, p.partition, offset) {
				h.mark(i, record.Hash(&b.Records[i]))
			}
		}
		marks = append(marks, h.marks...)
		return false, nil
	})
	if err != nil {
		a.tally.unread(1, cause(err))
	}
	if e.write(marks) != nil {
		return
	}
	for _, m := range marks {
		if !a.held.keep(key, m.Offset, now.Add(a.Records.Delay)) {
			a.tally.skipped(1, "too many records are held")
		}
	}
}

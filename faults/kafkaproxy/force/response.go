package force

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/answer"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// Response implements relay.Faults.
func (e *Engine) Response(ctx context.Context, x *relay.Exchange) relay.Action {
	e.brokers.Learn(x.Response)
	n, _ := x.Note.(*note)
	if n == nil {
		n = &note{}
	}
	x.Note = nil // settled now: Lost has nothing to say any more
	act := relay.Action{}
	if resp, ok := x.Response.(*kmsg.ProduceResponse); ok && !n.local {
		e.acknowledged(ctx, n, resp)
	}
	if n.forged != nil && !n.local {
		answer.Merge(x.Response, n.forged)
		act.Do = relay.Send
	}
	rules := e.inForce()
	if len(rules) == 0 {
		return act
	}
	f := e.frame(x.Link, x.Header)
	if end, ok := lost(x, n, rules, f); ok {
		return end
	}
	if e.tell(x, n, rules, f) {
		act.Do = relay.Send
	}
	if resp, ok := x.Response.(*kmsg.ShareFetchResponse); ok {
		share(x, resp, recordRules(rules, f, rule.Response))
	}
	if resp, ok := x.Response.(*kmsg.FetchResponse); ok {
		changed, hold := e.fetch(ctx, x, resp, recordRules(rules, f, rule.Response))
		if changed {
			act.Do = relay.Send
		}
		act.Hold = hold
	}
	return act
}

// lost says how a response ends that does not arrive as a whole.
func lost(x *relay.Exchange, n *note, rules []*active, f rule.Frame) (relay.Action, bool) {
	for _, a := range rules {
		p := a.Protocol
		if p == nil || (p.Do != rule.Disconnect && p.Do != rule.LostAck) || p.Do == rule.LostAck && (n.local || p.How == rule.ByCode) {
			continue
		}
		if !a.header(f) || !a.concerns(f.API) || !a.body(x) || !a.gate.Hit() {
			continue
		}
		switch {
		case p.Do == rule.Disconnect:
			return relay.Action{Do: relay.Cut, Part: p.At, Why: "cut by " + a.ID}, true
		case p.How == rule.BySilence:
			return relay.Action{Do: relay.Retain, Why: "acknowledgement lost by " + a.ID}, true
		default:
			return relay.Action{Do: relay.Close, Why: "acknowledgement lost by " + a.ID}, true
		}
	}
	return relay.Action{}, false
}

// tell changes what a response says, and tells whether it did.
func (e *Engine) tell(x *relay.Exchange, n *note, rules []*active, f rule.Frame) bool {
	changed := false
	for _, a := range rules {
		if a.Protocol == nil || !a.header(f) || !a.concerns(f.API) || !a.body(x) || !a.tells(x, n) {
			continue
		}
		if !a.gate.Hit() {
			continue
		}
		if e.tellOne(a, x) {
			changed = true
		} else {
			a.tally.skipped(1, "nothing to tell otherwise")
		}
	}
	return changed
}

// tells says whether a response is a candidate of what only changes it.
func (a *active) tells(x *relay.Exchange, n *note) bool {
	p := a.Protocol
	switch p.Do {
	case rule.Error:
		return (!p.Before || !answer.Acts(x.Header.Key)) && answer.Selects(x.Response, a.pick(x))
	case rule.LostAck:
		return p.How == rule.ByCode && !n.local && answer.Selects(x.Response, a.pick(x))
	case rule.StaleMetadata, rule.Throttle, rule.MoveCoordinator:
		return true
	case rule.Disconnect:
		return false
	}
	return false
}

func (e *Engine) tellOne(a *active, x *relay.Exchange) bool {
	p := a.Protocol
	switch p.Do {
	case rule.Error, rule.LostAck:
		return answer.SetError(x.Response, p.Code, a.pick(x)) > 0
	case rule.Throttle:
		return answer.Throttle(x.Response, p.Time)
	case rule.StaleMetadata:
		if p.Stale == rule.WrongLeader {
			return answer.WrongLeaders(x.Response, e.brokers.IDs(), a.pick(x)) > 0
		}
		return a.frozen.Freeze(x.Response, a.pick(x)) > 0
	case rule.MoveCoordinator:
		if r, ok := x.Response.(*kmsg.FindCoordinatorResponse); ok {
			return e.brokers.Move(r, a.pick(x)) > 0
		}
	case rule.Disconnect:
	}
	return false
}

// Lost implements relay.Faults.
func (e *Engine) Lost(x *relay.Exchange) {
	if n, ok := x.Note.(*note); ok {
		for _, s := range n.sent {
			if !s.again {
				e.settle(s, -1)
			}
		}
	}
}

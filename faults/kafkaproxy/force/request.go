package force

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/answer"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// note is what a request leaves for its response.
type note struct {
	forged kmsg.Response // of what was taken out of the request
	local  bool          // it is all of the response
	sent   []*sent       // produced batches that are accounted for
}

// Request implements relay.Faults.
func (e *Engine) Request(ctx context.Context, x *relay.Exchange) relay.Action {
	e.learn(x)
	rules := e.inForce()
	if len(rules) == 0 {
		return relay.Action{}
	}
	f := e.frame(x.Link, x.Header)
	n := &note{}
	x.Note = n
	act := e.refuse(x, n, rules, f)
	if n.local || act.Do == relay.Close {
		return act
	}
	switch req := x.Request.(type) {
	case *kmsg.ProduceRequest:
		return e.produce(ctx, x, n, req, recordRules(rules, f, rule.Request), act)
	case *kmsg.FetchRequest:
		if len(recordRules(rules, f, rule.Response)) > 0 {
			e.sessions.asked(x.Link, req)
		}
	}
	return act
}

// refuse answers for the broker before it acts.
func (e *Engine) refuse(x *relay.Exchange, n *note, rules []*active, f rule.Frame) (act relay.Action) {
	for _, a := range rules {
		p := a.Protocol
		if p == nil || p.Do != rule.Error || !p.Before || !answer.Acts(x.Header.Key) ||
			!a.header(f) || !a.body(x) || !a.gate.Hit() {
			continue
		}
		resp, all := answer.Refuse(x.Request, p.Code, a.pick(x))
		if resp == nil {
			continue
		}
		if req, ok := x.Request.(*kmsg.ProduceRequest); ok && req.Acks == 0 {
			// nobody waits for an answer: brokers tell of an error so
			return relay.Action{Do: relay.Close, Why: "refused without an acknowledgement by " + a.ID}
		}
		n.forge(resp)
		act.Do = relay.Send
		if all {
			n.local = true
			x.Response = n.forged
			return relay.Action{Do: relay.Answer}
		}
	}
	return act
}

func (n *note) forge(resp kmsg.Response) {
	if n.forged == nil {
		n.forged = resp
		return
	}
	answer.Merge(n.forged, resp)
}

// recordRules are those that touch records on their way in an exchange.
func recordRules(rules []*active, f rule.Frame, way rule.Direction) []*active {
	f.Way = way
	var out []*active
	for _, a := range rules {
		if (a.Records != nil || a.Corrupt != nil) && a.Where.Direction == way && a.header(f) {
			out = append(out, a)
		}
	}
	return out
}

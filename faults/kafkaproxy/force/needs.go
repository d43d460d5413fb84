package force

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/answer"
	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

const both = relay.NeedRequest | relay.NeedResponse

// Needs implements relay.Faults. Whatever is in force, it learns who asks for
// a producer id, and asks for the requests that tell a client's group and the
// responses that list the brokers.
func (e *Engine) Needs(l relay.Link, h frame.Header) relay.Need {
	if h.Key == kmsg.InitProducerID.Int16() {
		e.seen.produces(h.ClientID)
	}
	need := learns(h.Key)
	rules := e.inForce()
	if len(rules) == 0 {
		return need
	}
	f := e.frame(l, h)
	for _, a := range rules {
		need |= a.needs(f)
	}
	return need
}

func (e *Engine) frame(l relay.Link, h frame.Header) rule.Frame {
	return rule.Frame{API: h.Key, Client: h.ClientID, Broker: l.Broker, Group: e.seen.group(clientOf(l, h.ClientID))}
}

func (a *active) needs(f rule.Frame) relay.Need {
	if a.Records != nil || a.Corrupt != nil {
		return a.needsOfRecords(f)
	}
	if a.Where.Deep() && !answer.ByTopic(f.API) {
		return 0 // it names none
	}
	var need relay.Need
	if len(a.Where.Groups) > 0 && answer.NamesGroup(f.API) {
		need = relay.NeedRequest
	}
	switch {
	case a.Bytes != nil:
		return a.needsOfBytes(f, need)
	case a.Protocol != nil:
		return a.needsOfProtocol(f, need)
	}
	return 0
}

func (a *active) needsOfBytes(f rule.Frame, need relay.Need) relay.Need {
	there, back := f, f
	there.Way, back.Way = rule.Request, rule.Response
	if !a.header(there) && !a.header(back) {
		return 0
	}
	if a.Where.Deep() {
		need |= both
	}
	return need | relay.NeedShape
}

func (a *active) needsOfProtocol(f rule.Frame, need relay.Need) relay.Need {
	if !a.header(f) || !a.concerns(f.API) {
		return 0
	}
	if a.Protocol.Do == rule.Error && a.Protocol.Before && answer.Acts(f.API) {
		return both
	}
	if a.Where.Deep() {
		need |= relay.NeedRequest
	}
	return need | relay.NeedResponse
}

// concerns says whether a fault of the protocol is of an API at all.
func (a *active) concerns(api int16) bool {
	p := a.Protocol
	switch p.Do {
	case rule.Error:
		return answer.Knows(api)
	case rule.LostAck:
		return (len(a.Where.APIs) > 0 || answer.Acknowledges(api)) && (p.How != rule.ByCode || answer.Knows(api))
	case rule.StaleMetadata:
		return api == kmsg.Metadata.Int16() || api == kmsg.DescribeTopicPartitions.Int16()
	case rule.Throttle, rule.Disconnect:
		return true
	case rule.MoveCoordinator:
		return api == kmsg.FindCoordinator.Int16()
	}
	return false
}

func (a *active) needsOfRecords(f rule.Frame) relay.Need {
	switch {
	case f.API == kmsg.Produce.Int16() && a.Where.Direction == rule.Request,
		f.API == kmsg.Fetch.Int16() && a.Where.Direction == rule.Response:
		f.Way = a.Where.Direction
		if a.header(f) {
			return both
		}
	case f.API == kmsg.ShareFetch.Int16() && a.Where.Direction == rule.Response:
		f.Way = rule.Response
		if a.header(f) {
			return relay.NeedResponse // to tell what is passed over
		}
	}
	return 0
}

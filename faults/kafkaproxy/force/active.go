package force

import (
	"reflect"
	"slices"

	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/kafkaproxy/answer"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/shape"
	"github.com/k2-platform/faultline/faults/often"
)

// active is a rule in force, with what it has come to.
type active struct {
	rule.Rule
	of     control.Of
	gate   *often.Gate
	lifted chan struct{} // closed when it is no more in force
	tally  tally

	delays *shape.Delays // of rule.Delay
	frozen answer.Frozen // of rule.StaleMetadata
	held   held          // of rule.Hold on fetch
}

func newActive(r rule.Rule, of control.Of) *active {
	a := &active{Rule: r, of: of, gate: often.NewGate(r.Often), lifted: make(chan struct{})}
	a.delays = shape.NewDelays(r.Often.Seed)
	return a
}

// same says that a document asks for what is in force already. Rules are plain
// data of pointers and lists, which == does not compare.
func (a *active) same(r rule.Rule, of control.Of) bool {
	return a.of == of && reflect.DeepEqual(a.Rule, r)
}

// header says whether the header of an exchange selects it. A group that the
// body names is looked at later, by body.
func (a *active) header(f rule.Frame) bool {
	w := a.Where
	if a.Protocol != nil {
		w.Direction = rule.Both // it is of the exchange
	}
	if answer.NamesGroup(f.API) {
		w.Groups = nil
	}
	return w.Frame(f)
}

// body says whether an exchange is selected of which the header is: by its
// group, and by its topics where it has to have some.
func (a *active) body(x *relay.Exchange) bool {
	if len(a.Where.Groups) > 0 && answer.NamesGroup(x.Header.Key) && !a.group(x) {
		return false
	}
	if !a.Where.Deep() {
		return true
	}
	pick := a.pick(x)
	return (x.Request != nil && answer.Selects(x.Request, pick)) || (x.Response != nil && answer.Selects(x.Response, pick))
}

func (a *active) group(x *relay.Exchange) bool {
	return x.Request != nil && slices.ContainsFunc(answer.Groups(x.Request), a.ofGroup)
}

func (a *active) ofGroup(name string) bool {
	return rule.Where{Groups: a.Where.Groups}.Frame(rule.Frame{Group: name})
}

// pick says which places of an exchange are selected. A topic whose id nobody
// knows is not.
func (a *active) pick(x *relay.Exchange) answer.Pick {
	return func(p answer.Place) bool {
		if p.Group != "" && !a.ofGroup(p.Group) {
			return false
		}
		if !a.Where.Deep() {
			return true
		}
		if !p.OfTopic() {
			return false
		}
		name, ok := topicOf(x, p.Topic, p.ID)
		switch {
		case !ok:
			return false
		case p.Partition < 0:
			return a.Where.Topic(name)
		}
		return a.Where.Partition(name, p.Partition)
	}
}

func topicOf(x *relay.Exchange, name string, id [16]byte) (string, bool) {
	if name != "" || x.TopicName == nil {
		return name, name != ""
	}
	return x.TopicName(id)
}

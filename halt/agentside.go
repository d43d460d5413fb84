package halt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// Agent is what Serve calls. Inject, Undo, Status and Renew return at once;
// Halt and Resume when they have done what they could.
type Agent interface {
	Inject(Request) Reply
	Undo(Undo) Reply
	Status(Status) Reply
	Renew(Renewal)
	Halt(context.Context, Order) Answer
	Resume(context.Context, Resume) Answer
	Hello() Hello
}

// ErrNameTaken says that another agent has the name.
var ErrNameTaken = errors.New("another agent has this name")

// whoWithin is how long an agent of the same name has to answer.
const whoWithin = 500 * time.Millisecond

// Serve makes an agent reachable until ctx ends, and calls alone, which may be
// nil, once it is and nobody else has its name. It returns ErrNameTaken when
// another one of the name answers once the server is there: who comes second
// goes.
func (c *Conn) Serve(ctx context.Context, a Agent, alone func()) error {
	if err := CheckName(a.Hello().Name); err != nil {
		return err
	}
	s := served{c, a, ctx}
	subs, err := s.subscribe()
	defer func() {
		for _, sub := range subs {
			_ = sub.Unsubscribe() // the connection may be closed already
		}
	}()
	if err != nil {
		return err
	}
	beat := time.NewTicker(helloEvery)
	defer beat.Stop()
	for asked := false; ; {
		if !asked && c.Connected() {
			var taken bool
			if taken, asked = s.taken(); taken {
				return fmt.Errorf("serving agent %s: %w; give this one another --name, or end the other", a.Hello().Name, ErrNameTaken)
			}
			if asked && alone != nil {
				alone()
			}
		}
		if asked {
			if err := c.Say(a.Hello()); err != nil {
				c.log.Debug("an agent is not heard", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
		}
	}
}

type served struct {
	*Conn
	agent Agent
	ctx   context.Context //nolint:containedctx // the life of one Serve
}

func (s served) subscribe() ([]*nats.Subscription, error) {
	me := s.agent.Hello().Name
	var subs []*nats.Subscription
	for subject, handle := range map[string]nats.MsgHandler{
		s.subjects.agent(me, verbInject): answer(s, s.agent.Inject),
		s.subjects.agent(me, verbUndo):   answer(s, s.agent.Undo),
		s.subjects.agent(me, verbStatus): answer(s, s.agent.Status),
		s.subjects.agent(me, verbWho):    func(m *nats.Msg) { s.reply(m, s.agent.Hello()) },
		s.lease():                        tell(s.agent.Renew),
		s.halt():                         func(m *nats.Msg) { go s.stop(m) },
		s.resume():                       answerLater(s, s.agent.Resume),
	} {
		sub, err := s.nats.Subscribe(subject, handle)
		if err != nil {
			return subs, fmt.Errorf("listening to %s: %w", subject, err)
		}
		subs = append(subs, sub)
	}
	return subs, nil
}

// taken asks whether another agent of the name is there. asked says that the
// question was heard: this agent's own answer came back.
func (s served) taken() (taken, asked bool) {
	inbox := s.nats.NewInbox()
	sub, err := s.nats.SubscribeSync(inbox)
	if err != nil {
		return false, false
	}
	defer func() { _ = sub.Unsubscribe() }()
	me := s.agent.Hello()
	if err := s.nats.PublishRequest(s.subjects.agent(me.Name, verbWho), inbox, nil); err != nil {
		return false, false
	}
	for end := time.Now().Add(whoWithin); ; {
		m, err := sub.NextMsg(time.Until(end))
		if err != nil {
			return false, asked
		}
		var h Hello
		if json.Unmarshal(m.Data, &h) != nil {
			continue
		}
		if h.Instance != me.Instance {
			return true, true
		}
		asked = true
	}
}

func (s served) stop(m *nats.Msg) {
	s.reply(m, s.agent.Halt(context.WithoutCancel(s.ctx), orderIn(m)))
}

// orderIn reads an order. What cannot be read stops everything: whoever may
// speak here wanted something stopped, and an empty message is the shortest way
// to say so.
func orderIn(m *nats.Msg) Order {
	var o Order
	if err := json.Unmarshal(m.Data, &o); err != nil {
		o = Order{Why: "an order that could not be read: " + err.Error()}
	}
	return o.complete()
}

// answer decodes a request, calls do and replies.
func answer[Q, A any](s served, do func(Q) A) nats.MsgHandler {
	return func(m *nats.Msg) {
		var q Q
		if err := json.Unmarshal(m.Data, &q); err != nil {
			s.reply(m, Reply{State: Refused, Final: true, Why: fmt.Sprintf("reading the request: %v", err)})
			return
		}
		s.reply(m, do(q))
	}
}

// answerLater is answer for what takes time: the next order does not wait.
func answerLater[Q, A any](s served, do func(context.Context, Q) A) nats.MsgHandler {
	return func(m *nats.Msg) {
		var q Q
		if err := json.Unmarshal(m.Data, &q); err != nil {
			s.log.Warn("an order cannot be read", "subject", m.Subject, "error", err)
			return
		}
		go func() { s.reply(m, do(context.WithoutCancel(s.ctx), q)) }()
	}
}

func tell[Q any](do func(Q)) nats.MsgHandler {
	return func(m *nats.Msg) {
		var q Q
		if json.Unmarshal(m.Data, &q) == nil {
			do(q)
		}
	}
}

func (s served) reply(m *nats.Msg, v any) {
	if m.Reply == "" {
		return
	}
	data, err := json.Marshal(v)
	if err == nil {
		err = s.nats.Publish(m.Reply, data)
	}
	if err != nil {
		s.log.Warn("an answer is lost", "subject", m.Subject, "error", err)
	}
}

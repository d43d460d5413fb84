package halt

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
)

// Outcome is what came of an order: the answers, and the agents that should
// have answered and did not. Silence is not a stop.
type Outcome struct {
	Order   string   `json:"order"`
	Answers []Answer `json:"answers"`
	Silent  []string `json:"silent,omitempty"`
}

// Undone counts the faults that were undone.
func (o Outcome) Undone() int {
	n := 0
	for _, a := range o.Answers {
		n += a.Undone
	}
	return n
}

// Failed lists what could not be undone, by agent.
func (o Outcome) Failed() []string {
	var out []string
	for _, a := range o.Answers {
		for _, f := range a.Failed {
			out = append(out, a.Agent+": "+f)
		}
	}
	return out
}

// Stop sends an order and waits until every agent of the roster has answered,
// or ctx ends. roster may be nil: then whoever answers within quiet after the
// last answer counts.
func (c *Conn) Stop(ctx context.Context, o Order, roster []string) (Outcome, error) {
	o = o.complete()
	answers, err := gather[Answer](ctx, c, c.halt(), o, func(got []Answer) bool { return complete(got, roster) })
	return outcome(o.ID, answers, roster), err
}

// Lift sends a resume of one order, and waits as Stop does.
func (c *Conn) Lift(ctx context.Context, r Resume, roster []string) (Outcome, error) {
	answers, err := gather[Answer](ctx, c, c.resume(), r, func(got []Answer) bool { return complete(got, roster) })
	return outcome(r.Order, answers, roster), err
}

func outcome(order string, answers []Answer, roster []string) Outcome {
	out := Outcome{Order: order, Answers: answers}
	for _, name := range roster {
		if !slices.ContainsFunc(answers, func(a Answer) bool { return a.Agent == name }) {
			out.Silent = append(out.Silent, name)
		}
	}
	return out
}

func complete(got []Answer, roster []string) bool {
	return len(roster) > 0 && len(outcome("", got, roster).Silent) == 0
}

// Tell sends an order and waits for nobody.
func (c *Conn) Tell(o Order) error {
	data, err := json.Marshal(o.complete())
	if err == nil {
		err = c.nats.Publish(c.halt(), data)
	}
	if err == nil {
		err = c.nats.Flush()
	}
	if err != nil {
		return fmt.Errorf("publishing a halt: %w", err)
	}
	return nil
}

// gather publishes a question and collects answers until enough says so or
// ctx ends, which is no error.
func gather[A any](ctx context.Context, c *Conn, subject string, question any, enough func([]A) bool) ([]A, error) {
	if err := c.awaitConnection(ctx); err != nil {
		return nil, err
	}
	inbox := c.nats.NewInbox()
	sub, err := c.nats.SubscribeSync(inbox)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", subject, err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	data, err := json.Marshal(question)
	if err == nil {
		err = c.nats.PublishRequest(subject, inbox, data)
	}
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", subject, err)
	}
	var got []A
	for !enough(got) {
		m, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return got, nil // time is up, or nobody listens: the caller names the silent
		}
		var a A
		if json.Unmarshal(m.Data, &a) == nil {
			got = append(got, a)
		}
	}
	return got, nil
}

// awaitConnection waits for the server.
func (c *Conn) awaitConnection(ctx context.Context) error {
	for !c.Connected() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for nats at %v: %w; is it running, and is this key let in?", c.nats.Opts.Servers, c.lastError(ctx))
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

func (c *Conn) lastError(ctx context.Context) error {
	if err := c.nats.LastError(); err != nil {
		return err
	}
	return ctx.Err()
}

// ask sends one request and decodes its reply.
func ask[A any](ctx context.Context, c *Conn, subject string, question any) (A, error) {
	var a A
	data, err := json.Marshal(question)
	if err != nil {
		return a, fmt.Errorf("asking %s: %w", subject, err)
	}
	m, err := c.nats.RequestMsgWithContext(ctx, &nats.Msg{Subject: subject, Data: data})
	if err != nil {
		return a, fmt.Errorf("asking %s: %w", subject, err)
	}
	if err := json.Unmarshal(m.Data, &a); err != nil {
		return a, fmt.Errorf("reading the answer of %s: %w", subject, err)
	}
	return a, nil
}

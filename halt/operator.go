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
// or ctx ends. A nil roster is the one that the server keeps: it is read while
// the order is on its way already. Where it cannot be read, whoever answers
// until ctx ends is in the outcome beside the error.
func (c *Conn) Stop(ctx context.Context, o Order, roster []string) (Outcome, error) {
	o = o.complete()
	return c.command(ctx, o.ID, c.halt(), o, roster)
}

// Lift sends a resume of one order, and waits as Stop does.
func (c *Conn) Lift(ctx context.Context, r Resume, roster []string) (Outcome, error) {
	return c.command(ctx, r.Order, c.resume(), r, roster)
}

func (c *Conn) command(ctx context.Context, order, subject string, question any, roster []string) (Outcome, error) {
	g, err := ask(ctx, c, subject, question)
	if err != nil {
		return Outcome{Order: order}, err
	}
	defer g.close()
	var problem error
	if roster == nil {
		roster, problem = c.names(ctx)
	}
	for len(silent(g.got, roster)) > 0 || problem != nil || len(roster) == 0 {
		if !g.next(ctx) {
			break
		}
	}
	return Outcome{Order: order, Answers: g.got, Silent: silent(g.got, roster)}, problem
}

// names are those of the roster. Reading it takes at most half of the time that
// there is: the rest is for the answers.
func (c *Conn) names(ctx context.Context) ([]string, error) {
	if end, ok := ctx.Deadline(); ok {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, time.Until(end)/2)
		defer stop()
	}
	all, err := c.Roster(ctx)
	names := make([]string, len(all))
	for i, h := range all {
		names[i] = h.Name
	}
	return names, err
}

func silent(got []Answer, roster []string) []string {
	var out []string
	for _, name := range roster {
		if !slices.ContainsFunc(got, func(a Answer) bool { return a.Agent == name }) {
			out = append(out, name)
		}
	}
	return out
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

// answers is what comes back of a question to everybody.
type answers struct {
	sub *nats.Subscription
	got []Answer
}

// ask publishes a question.
func ask(ctx context.Context, c *Conn, subject string, question any) (*answers, error) {
	if err := c.Reach(ctx); err != nil {
		return nil, err
	}
	inbox := c.nats.NewInbox()
	sub, err := c.nats.SubscribeSync(inbox)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", subject, err)
	}
	g := &answers{sub: sub}
	data, err := json.Marshal(question)
	if err == nil {
		err = c.nats.PublishRequest(subject, inbox, data)
	}
	if err != nil {
		g.close()
		return nil, fmt.Errorf("asking %s: %w", subject, err)
	}
	return g, nil
}

// next waits for one more; false when ctx has ended, or nobody listens.
func (g *answers) next(ctx context.Context) bool {
	m, err := g.sub.NextMsgWithContext(ctx)
	if err != nil {
		return false
	}
	var a Answer
	if json.Unmarshal(m.Data, &a) == nil {
		g.got = append(g.got, a)
	}
	return true
}

func (g *answers) close() { _ = g.sub.Unsubscribe() }

// Reach returns once the server is there; the error of a ctx that ended before
// says why it was not.
func (c *Conn) Reach(ctx context.Context) error {
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

// request sends one request and decodes its reply.
func request[A any](ctx context.Context, c *Conn, subject string, question any) (A, error) {
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

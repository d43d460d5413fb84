package halt

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/k2-platform/faultline/spec"
)

// Hello is what an agent says of itself once a second: where it is, what it
// can break, and the time of its clock.
type Hello struct {
	Name     string            `json:"name"`
	Instance string            `json:"instance"` // of this life of it
	Host     string            `json:"host"`
	Now      Instant           `json:"now"`
	Targets  []spec.TargetName `json:"targets"`
	Latched  string            `json:"latched,omitempty"` // order that latches it
	Live     int               `json:"live"`              // faults in place
}

// Heard is a Hello with the moment of its arrival on the listener's clock.
type Heard struct {
	Hello
	At time.Time
}

// helloEvery is how often agents say hello.
const helloEvery = time.Second

// Say tells everybody.
func (c *Conn) Say(h Hello) error {
	data, err := json.Marshal(h)
	if err == nil {
		err = c.nats.Publish(c.hello(), data)
	}
	if err != nil {
		return fmt.Errorf("saying hello: %w", err)
	}
	return nil
}

// Hear calls each for every hello until ctx ends.
func (c *Conn) Hear(ctx context.Context, each func(Heard)) error {
	return c.subscribe(ctx, c.hello(), func(m *nats.Msg) {
		var h Hello
		if json.Unmarshal(m.Data, &h) == nil {
			each(Heard{h, time.Now()})
		}
	})
}

// Heed calls each for every order until ctx ends, without answering: for
// those who are no agents.
func (c *Conn) Heed(ctx context.Context, each func(Order)) error {
	return c.subscribe(ctx, c.halt(), func(m *nats.Msg) { each(orderIn(m)) })
}

// subscribe listens until ctx ends, which is no error.
func (c *Conn) subscribe(ctx context.Context, subject string, each func(*nats.Msg)) error {
	sub, err := c.nats.Subscribe(subject, each)
	if err != nil {
		return fmt.Errorf("listening to %s: %w", subject, err)
	}
	<-ctx.Done()
	if err := sub.Unsubscribe(); err != nil && c.nats.Status() != nats.CLOSED {
		c.log.Debug("ending a subscription", "subject", subject, "error", err)
	}
	return nil
}

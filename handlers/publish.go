package handlers

import (
	"context"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/bus/origin"
	"github.com/k2-platform/faultline/internal/bus/poison"
	"github.com/k2-platform/faultline/internal/cloudevent"
)

// Commands publishes commands: to the topic, keyed by their experiment.
type Commands struct {
	Publisher message.Publisher
	Topic     string
}

// Send returns once Kafka has the command. That it was taken does not mean
// that it was granted: the log says so.
func (c Commands) Send(ctx context.Context, e commands.Envelope) error {
	event, err := commands.Encode(e)
	if err != nil {
		return err
	}
	return publish(ctx, c.Publisher, c.Topic, event)
}

// Batches appends decisions to the log.
type Batches struct {
	Publisher message.Publisher
	Topic     string
}

// Append implements Appender. The error of a batch that cannot be written,
// however often that is tried, is poison.
func (b Batches) Append(ctx context.Context, batch events.Batch, traceParent string) error {
	event, err := events.EncodeBatch(batch, traceParent)
	if err != nil {
		return poison.New(err)
	}
	return publish(ctx, b.Publisher, b.Topic, event)
}

// Ticks records the beats of experiments' clocks.
type Ticks struct {
	Publisher message.Publisher
	Topic     string
}

// Record returns once Kafka has the tick. The error of one that cannot be
// written, however often that is tried, is poison.
func (t Ticks) Record(ctx context.Context, tick events.Tick) error {
	event, err := events.EncodeTick(tick)
	if err != nil {
		return poison.New(err)
	}
	return publish(ctx, t.Publisher, t.Topic, event)
}

// publish writes one event under its subject, the experiment, as key.
func publish(ctx context.Context, p message.Publisher, topic string, event cloudevent.Event) error {
	msg := message.NewMessage(event.ID, event.Data)
	for name, value := range event.Headers() {
		msg.Metadata.Set(name, value)
	}
	origin.SetKey(msg, event.Subject)
	return send(ctx, p, topic, msg)
}

// send returns once Kafka has the message. The producer takes no context, so a
// caller that stops waiting leaves it to end by itself.
func send(ctx context.Context, p message.Publisher, topic string, msg *message.Message) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("publishing to %s: %w", topic, err)
	}
	done := make(chan error, 1)
	go func() { done <- p.Publish(topic, msg) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("publishing to %s: %w", topic, ctx.Err())
	}
}

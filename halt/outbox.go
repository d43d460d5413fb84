package halt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Limits of the outbox. At the limit a Put is refused, and who wants to put
// something keeps it and tries again: nothing that was taken is dropped.
const (
	OutboxBytes = 64 << 20
	outboxAck   = 15 * time.Second
	outboxOpen  = 1024 // entries handed out and not done with
)

// Entry is something on its way to the log.
type Entry struct {
	Seq     uint64
	Key     string
	Headers map[string]string
	Data    []byte
	done    func() error
	beat    func() error
}

// Done takes the entry out of the outbox.
func (e Entry) Done() error { return e.done() }

// Keep says that the entry is still being worked on.
func (e Entry) Keep() error { return e.beat() }

// With is the entry of an outbox that is told so of Done and Keep.
func (e Entry) With(done, keep func() error) Entry {
	e.done, e.beat = done, keep
	return e
}

const (
	headerKey    = "faultline-key"
	outboxReader = "forward"
)

// OpenOutbox makes the outbox where it is not there yet.
func (c *Conn) OpenOutbox(ctx context.Context) error {
	_, err := c.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: c.bucket("outbox"), Subjects: []string{c.outbox(">")}, Retention: jetstream.WorkQueuePolicy,
		Storage: jetstream.FileStorage, MaxBytes: OutboxBytes, Discard: jetstream.DiscardNew, Duplicates: 10 * time.Minute,
		Description: "reports on their way to the log",
	})
	if err != nil {
		return fmt.Errorf("opening the outbox: %w; does this nats have jetstream?", err)
	}
	return nil
}

// Put stores something under an id, and returns once it is on the server's
// disk. The same id within ten minutes is stored once.
func (c *Conn) Put(ctx context.Context, id, key string, headers map[string]string, data []byte) error {
	m := nats.NewMsg(c.outbox("report"))
	m.Data = data
	for name, value := range headers {
		m.Header.Set(name, value)
	}
	m.Header.Set(headerKey, key)
	m.Header.Set(jetstream.MsgIDHeader, id)
	if _, err := c.js.PublishMsg(ctx, m); err != nil {
		return fmt.Errorf("putting %s into the outbox: %w", id, err)
	}
	return nil
}

// Take hands out what is in the outbox, in order, each until it is done with,
// until ctx ends. Entries that an earlier life took come again, at once and in
// their place: that life's consumer is dropped, and with it what it held.
func (c *Conn) Take(ctx context.Context, each func(Entry)) error {
	if err := c.OpenOutbox(ctx); err != nil {
		return err
	}
	if err := c.js.DeleteConsumer(ctx, c.bucket("outbox"), outboxReader); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return fmt.Errorf("reading the outbox: %w", err)
	}
	consumer, err := c.js.CreateOrUpdateConsumer(ctx, c.bucket("outbox"), jetstream.ConsumerConfig{
		Durable: outboxReader, AckPolicy: jetstream.AckExplicitPolicy, AckWait: outboxAck, MaxAckPending: outboxOpen,
	})
	if err != nil {
		return fmt.Errorf("reading the outbox: %w", err)
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(outboxOpen))
	if err != nil {
		return fmt.Errorf("reading the outbox: %w", err)
	}
	stop := context.AfterFunc(ctx, messages.Stop)
	defer stop()
	for {
		m, err := messages.Next()
		if errors.Is(err, jetstream.ErrMsgIteratorClosed) {
			return nil
		}
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("reading the outbox: %w", err)
		}
		each(entryOf(m))
	}
}

func entryOf(m jetstream.Msg) Entry {
	e := Entry{Headers: map[string]string{}, Data: m.Data(), done: m.Ack, beat: m.InProgress}
	for name, values := range m.Headers() {
		switch {
		case name == headerKey:
			e.Key = values[0]
		case name == jetstream.MsgIDHeader || len(values) == 0:
		default:
			e.Headers[name] = values[0]
		}
	}
	if meta, err := m.Metadata(); err == nil {
		e.Seq = meta.Sequence.Stream
	}
	return e
}

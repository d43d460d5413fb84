package handlers

import (
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/bus/origin"
	"github.com/k2-platform/faultline/internal/bus/poison"
	"github.com/k2-platform/faultline/internal/cloudevent"
)

// Consumer groups of the pipeline.
const (
	DecideGroup = "faultline.decide"
	VerifyGroup = "faultline.verify"
)

// Route is the table of contents of the pipeline's consumers:
//
//	chaos.commands → decide → chaos.events
//	chaos.events   → verify → (chaos.dead-letters)
//	chaos.readings → verify → (chaos.dead-letters)
//	chaos.ground-truth → verify → (chaos.dead-letters)
//	chaos.record-ledger → verify → (chaos.dead-letters)
//
// What follows from chaos.events is no route: agent, conductor and projections
// act on the state that the log folds to, so that a restart misses nothing.
func Route(r *message.Router, topics bus.Topics, subscriber func(group string) (message.Subscriber, error), d Decider) error {
	for _, route := range []struct {
		name, group, topic string
		handle             message.NoPublishHandlerFunc
	}{
		{"decide", DecideGroup, topics.Commands, d.handle},
		{"verify-events", VerifyGroup + "-events", topics.Events, verifyBatch},
		{"verify-readings", VerifyGroup + "-readings", topics.Readings, verifyTick},
		{"verify-ground-truth", VerifyGroup + "-ground-truth", topics.GroundTruth, verifyTruth},
		{"verify-record-ledger", VerifyGroup + "-record-ledger", topics.RecordLedger, verifyLedgerPage},
	} {
		from, err := subscriber(route.group)
		if err != nil {
			return fmt.Errorf("routing %s: %w", route.topic, err)
		}
		r.AddConsumerHandler(route.name, route.topic, from, route.handle)
	}
	return nil
}

// handle decides one record of chaos.commands. One that is no command is
// poison: no retry helps it.
func (d Decider) handle(msg *message.Message) error {
	event, err := cloudevent.FromHeaders(msg.Metadata, msg.Payload)
	if err != nil {
		return poison.New(fmt.Errorf("reading a command: %w", err))
	}
	c, err := commands.Decode(origin.Key(msg), event)
	if err != nil {
		return poison.New(err)
	}
	return d.Decide(msg.Context(), c)
}

// verifyBatch sends what is no batch to the dead letters. Every reader of the
// log leaves such a record out; this one tells of it.
func verifyBatch(msg *message.Message) error {
	return verify(msg, func(key string, event cloudevent.Event) (events.Batch, error) {
		return batchOf(events.Reader{}, key, event)
	})
}

func verifyTick(msg *message.Message) error { return verify(msg, tickOf) }

func verify[T any](msg *message.Message, read func(key string, event cloudevent.Event) (T, error)) error {
	event, err := cloudevent.FromHeaders(msg.Metadata, msg.Payload)
	if err == nil {
		_, err = read(origin.Key(msg), event)
	}
	return poison.New(err)
}

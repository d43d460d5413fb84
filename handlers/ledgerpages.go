package handlers

import (
	"context"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/bus/poison"
	"github.com/k2-platform/faultline/internal/cloudevent"
)

// LedgerPages publishes the pages of ledgers of records.
type LedgerPages struct {
	Publisher message.Publisher
	Topic     string
}

// Publish returns once Kafka has the page. The error of one that cannot be
// written, however often that is tried, is poison.
func (l LedgerPages) Publish(ctx context.Context, p events.LedgerPage) error {
	event, err := events.EncodeLedgerPage(p)
	if err != nil {
		return poison.New(err)
	}
	return publish(ctx, l.Publisher, l.Topic, event)
}

// ReadLedgerPage decodes one record of chaos.record-ledger.
func ReadLedgerPage(rec bus.Record) (events.LedgerPage, error) {
	event, err := cloudevent.FromHeaders(rec.Headers, rec.Value)
	if err != nil {
		return events.LedgerPage{}, err
	}
	return ledgerPageOf(string(rec.Key), event)
}

func ledgerPageOf(key string, event cloudevent.Event) (events.LedgerPage, error) {
	p, err := events.DecodeLedgerPage(event)
	if err == nil && key != string(p.Experiment) {
		err = fmt.Errorf("reading a page of the ledger of experiment %s: its key is %q; write the experiment id", p.Experiment, key)
	}
	return p, err
}

func verifyLedgerPage(msg *message.Message) error { return verify(msg, ledgerPageOf) }

package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/internal/cloudevent"
	"github.com/k2-platform/faultline/spec"
)

// TypeLedgerPage is of the records on chaos.record-ledger.
const TypeLedgerPage = "io.faultline.ledger.page.v1"

// LedgerPage is some of the records that a RecordLedger counts, and of their
// dead letters: BooksClosed, which counts all of them, could not hold them. The
// pages of one closing of the books come in the order of Seq, which counts from 1
// without a hole, and may come twice. They come before the BooksClosed that
// names their closing; those of a closing that none names are of books that were
// not closed, and count for nothing.
type LedgerPage struct {
	Experiment spec.ExperimentID `json:"experiment"`
	Closing    string            `json:"closing"`
	Seq        uint64            `json:"seq"`
	At         time.Time         `json:"at"`
	Records    []LedgerRecord    `json:"records,omitempty"`
	Letters    []DeadLetter      `json:"letters,omitempty"`
}

// LedgerRecord is a record that is not stored once, as it was sent and in time.
type LedgerRecord struct {
	Class     string   `json:"class"`
	Partition int32    `json:"partition"`
	Offset    int64    `json:"offset"` // -1: it is not in the log
	Key       string   `json:"key"`
	Reason    string   `json:"reason,omitempty"` // of its dead letter
	Differ    []string `json:"differ,omitempty"` // what is not as it was sent, by column
}

// DeadLetter is one dead letter of a record of the window, or a part of one
// whose key and value do not fit into a record of Kafka: put together in the
// order of Part they are whole.
type DeadLetter struct {
	Topic     string `json:"topic"` // or file
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"` // or line
	Part      int    `json:"part"`   // from 1
	Parts     int    `json:"parts"`
	KeyBase64 string `json:"key_base64,omitempty"`
	SchemaID  int32  `json:"schema_id,omitempty"`
	Reason    string `json:"reason"`
	RawBase64 string `json:"raw_base64,omitempty"` // its value
	// The record that it is of.
	OriginalTopic     string `json:"original_topic"`
	OriginalPartition int32  `json:"original_partition"`
	OriginalOffset    int64  `json:"original_offset"` // -1: the letter does not say, nor does the log
	Class             string `json:"class"`
	Resolved          bool   `json:"resolved"` // the record is stored all the same
}

// EncodeLedgerPage writes a page as a CloudEvent.
func EncodeLedgerPage(p LedgerPage) (cloudevent.Event, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return cloudevent.Event{}, fmt.Errorf("encoding page %d of the ledger of experiment %s: %w", p.Seq, p.Experiment, err)
	}
	return cloudevent.Event{
		ID: fmt.Sprintf("%s/ledger/%s/%d", p.Experiment, p.Closing, p.Seq), Type: TypeLedgerPage, Source: Source,
		Subject: string(p.Experiment), Time: p.At, Data: data,
	}, nil
}

// DecodeLedgerPage reads a page.
func DecodeLedgerPage(c cloudevent.Event) (LedgerPage, error) {
	if c.Type != TypeLedgerPage {
		return LedgerPage{}, fmt.Errorf("reading a page of a ledger: %w %q", ErrUnknownType, c.Type)
	}
	var p LedgerPage
	if err := json.Unmarshal(c.Data, &p); err != nil {
		return LedgerPage{}, fmt.Errorf("reading a page of a ledger: %w", err)
	}
	if p.Experiment == "" || p.Closing == "" || p.Seq == 0 {
		return LedgerPage{}, errors.New("reading a page of a ledger: experiment, closing and seq must be set")
	}
	return p, nil
}

package projections

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
)

// EventRow is one event of an accepted batch, whole.
type EventRow struct {
	Source
	Experiment string
	Version    uint64
	Index      int
	Type       string // wire name
	Cause      string // id of the command
	At         time.Time
	Payload    string // JSON
}

// Events makes a row for each event of the batch. The error is about an event
// that does not encode, which one read from the log always does.
func Events(b Batch) ([]EventRow, error) {
	rows := make([]EventRow, len(b.Batch.Events))
	for i, e := range b.Batch.Events {
		payload, err := json.Marshal(e)
		if err != nil {
			return nil, fmt.Errorf("encoding event %d of batch %d of experiment %s: %w", i, b.Batch.Version, b.Batch.Experiment, err)
		}
		rows[i] = EventRow{
			Source: b.source(), Experiment: string(b.Batch.Experiment), Version: b.Batch.Version, Index: i,
			Type: events.TypeOf(e), Cause: b.Batch.Cause, At: b.Batch.At, Payload: string(payload),
		}
	}
	return rows, nil
}

func eventTable() lake.Definition[EventRow] {
	return define("events", []lake.Column[EventRow]{
		lake.Text("experiment", func(r EventRow) string { return r.Experiment }),
		lake.Count("version", func(r EventRow) uint64 { return r.Version }),
		lake.Int("index", func(r EventRow) int64 { return int64(r.Index) }),
		lake.Text("type", func(r EventRow) string { return r.Type }),
		lake.Text("cause", func(r EventRow) string { return r.Cause }),
		lake.Instant(at, func(r EventRow) time.Time { return r.At }),
		lake.Text("payload", func(r EventRow) string { return r.Payload }),
	}, "version", "index")
}

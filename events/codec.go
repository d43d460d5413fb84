package events

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/internal/cloudevent"
	"github.com/k2-platform/faultline/spec"
)

// Types of the records on chaos.events and chaos.readings.
const (
	TypeBatch = "io.faultline.batch.v1"
	TypeTick  = "io.faultline.tick.v1"
)

// Source is the CloudEvents source of what Faultline writes.
const Source = "faultline"

// ErrUnknownType marks a record or an event whose type this version cannot
// read.
var ErrUnknownType = errors.New("unknown type")

type wireEvent struct {
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

type wireBatch struct {
	Experiment spec.ExperimentID `json:"experiment"`
	Version    uint64            `json:"version"`
	Cause      string            `json:"cause"`
	Events     []wireEvent       `json:"events"`
}

// EncodeBatch writes a batch as a CloudEvent whose subject, and so whose key,
// is the experiment. What DecodeBatch would refuse it refuses: a batch that
// nobody can read would leave its version open for ever.
func EncodeBatch(b Batch, traceParent string) (cloudevent.Event, error) {
	w := wireBatch{Experiment: b.Experiment, Version: b.Version, Cause: b.Cause, Events: make([]wireEvent, len(b.Events))}
	for i, e := range b.Events {
		data, err := json.Marshal(e)
		if err != nil {
			return cloudevent.Event{}, fmt.Errorf("encoding %s of experiment %s: %w", TypeOf(e), b.Experiment, err)
		}
		w.Events[i] = wireEvent{TypeOf(e), data}
	}
	data, err := json.Marshal(w)
	if err != nil {
		return cloudevent.Event{}, fmt.Errorf("encoding batch %d of experiment %s: %w", b.Version, b.Experiment, err)
	}
	out := cloudevent.Event{
		ID: fmt.Sprintf("%s/%d/%s", b.Experiment, b.Version, b.Cause), Type: TypeBatch, Source: Source,
		Subject: string(b.Experiment), Time: b.At, TraceParent: traceParent, Data: data,
	}
	if _, err := DecodeBatch(out); err != nil {
		return cloudevent.Event{}, fmt.Errorf("encoding batch %d of experiment %s, which nobody could read back: %w", b.Version, b.Experiment, err)
	}
	return out, nil
}

// DecodeBatch reads a batch. Unknown fields are ignored, an unknown event
// type is ErrUnknownType.
func DecodeBatch(c cloudevent.Event) (Batch, error) { return Reader{}.Batch(c) }

// EncodeTick writes a tick as a CloudEvent.
func EncodeTick(t Tick) (cloudevent.Event, error) {
	data, err := json.Marshal(t)
	if err != nil {
		return cloudevent.Event{}, fmt.Errorf("encoding tick %d of experiment %s: %w", t.Seq, t.Experiment, err)
	}
	return cloudevent.Event{
		ID: fmt.Sprintf("%s/tick/%d", t.Experiment, t.Seq), Type: TypeTick, Source: Source,
		Subject: string(t.Experiment), Time: t.At, Data: data,
	}, nil
}

// DecodeTick reads a tick.
func DecodeTick(c cloudevent.Event) (Tick, error) {
	if c.Type != TypeTick {
		return Tick{}, fmt.Errorf("reading a tick: %w %q", ErrUnknownType, c.Type)
	}
	var t Tick
	if err := json.Unmarshal(c.Data, &t); err != nil {
		return Tick{}, fmt.Errorf("reading a tick: %w", err)
	}
	if t.Experiment == "" || t.Seq == 0 {
		return Tick{}, errors.New("reading a tick: experiment and seq must be set")
	}
	return t, nil
}

package commands

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/internal/cloudevent"
	"github.com/k2-platform/faultline/spec"
)

// ErrUnknownType marks a record whose type is no command of this version.
var ErrUnknownType = errors.New("unknown command type")

// ErrUnreadable marks a command that would be written and never read: as often
// as it is sent it becomes a dead letter. Whoever made it has to give it up.
var ErrUnreadable = errors.New("a command that nobody could read back")

const defaultSource = "faultline"

// Encode writes a command as a CloudEvent whose subject, and so whose key, is
// the experiment. Who asks is the event's source. What Decode would refuse it
// refuses as ErrUnreadable.
func Encode(e Envelope) (cloudevent.Event, error) {
	if e.Command == nil || e.ID == "" {
		return cloudevent.Event{}, fmt.Errorf("encoding %w: id and command must be set", ErrUnreadable)
	}
	if err := spec.CheckID(e.Experiment); err != nil {
		return cloudevent.Event{}, fmt.Errorf("encoding %w: %w", ErrUnreadable, err)
	}
	data, err := json.Marshal(e.Command)
	if err == nil {
		_, err = decodeCommand(TypeOf(e.Command), data)
	}
	if err != nil {
		return cloudevent.Event{}, fmt.Errorf("encoding %s for experiment %s: %w: %w", TypeOf(e.Command), e.Experiment, ErrUnreadable, err)
	}
	source := e.By
	if source == "" {
		source = defaultSource
	}
	return cloudevent.Event{
		ID: e.ID, Type: TypeOf(e.Command), Source: source, Subject: string(e.Experiment),
		Time: e.At, TraceParent: e.TraceParent, Data: data,
	}, nil
}

// Decode reads a command. key is the record's key and must be the
// experiment, since the key decides the order in which commands are taken.
func Decode(key string, c cloudevent.Event) (Envelope, error) {
	if key == "" {
		return Envelope{}, errors.New("reading a command: the record has no key; write the experiment id as its key")
	}
	if c.Subject != "" && c.Subject != key {
		return Envelope{}, fmt.Errorf("reading a command: key %q and subject %q differ; write the experiment id as both", key, c.Subject)
	}
	if err := spec.CheckID(spec.ExperimentID(key)); err != nil {
		return Envelope{}, fmt.Errorf("reading a command: %w", err)
	}
	command, err := decodeCommand(c.Type, c.Data)
	if err != nil {
		return Envelope{}, fmt.Errorf("reading a command for experiment %s: %w", key, err)
	}
	return Envelope{
		ID: c.ID, Experiment: spec.ExperimentID(key), At: c.Time, By: c.Source, TraceParent: c.TraceParent, Command: command,
	}, nil
}

// decodeSchedule reads the document as strictly as a file: a command with a
// typo must not run another experiment than its author meant.
func decodeSchedule(data []byte) (Command, error) {
	var w struct {
		Document json.RawMessage `json:"document"`
		IKnow    bool            `json:"i_know"`
	}
	if err := json.Unmarshal(data, &w); err != nil {
		return nil, fmt.Errorf("reading Schedule: %w", err)
	}
	parsed, problems := spec.Parse(w.Document)
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("reading the document: %w", err)
	}
	return Schedule{Document: parsed.Document, IKnow: w.IKnow}, nil
}

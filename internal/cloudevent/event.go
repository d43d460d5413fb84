// Package cloudevent is the CloudEvents 1.0 envelope in the binary mode of
// its Kafka protocol binding: attributes are headers, the payload is bare.
// It knows nothing of brokers and nothing of what the payload says.
//
// Source: CloudEvents 1.0.2, Kafka Protocol Binding, section 3.2.
package cloudevent

import (
	"errors"
	"fmt"
	"time"
)

// Header names of the binary mode, and of W3C trace context.
const (
	HeaderID          = "ce_id"
	HeaderType        = "ce_type"
	HeaderSource      = "ce_source"
	HeaderSubject     = "ce_subject"
	HeaderTime        = "ce_time"
	HeaderSpecVersion = "ce_specversion"
	HeaderContentType = "content-type"
	HeaderTraceParent = "traceparent"
)

const (
	specVersion = "1.0"
	contentType = "application/json"
)

// Event is one record: its attributes, its key and its payload.
type Event struct {
	ID          string
	Type        string
	Source      string
	Subject     string
	Time        time.Time
	TraceParent string
	Data        []byte
}

// Headers writes the attributes the way they stand on a Kafka record.
func (e Event) Headers() map[string]string {
	h := map[string]string{
		HeaderID: e.ID, HeaderType: e.Type, HeaderSource: e.Source, HeaderSubject: e.Subject,
		HeaderTime:        e.Time.UTC().Format(time.RFC3339Nano),
		HeaderSpecVersion: specVersion, HeaderContentType: contentType,
	}
	if e.TraceParent != "" {
		h[HeaderTraceParent] = e.TraceParent
	}
	return h
}

// FromHeaders reads the attributes back. Unknown headers are ignored; a
// missing or foreign attribute is an error that names it.
func FromHeaders(h map[string]string, data []byte) (Event, error) {
	e := Event{
		ID: h[HeaderID], Type: h[HeaderType], Source: h[HeaderSource], Subject: h[HeaderSubject],
		TraceParent: h[HeaderTraceParent], Data: data,
	}
	var problems []error
	for _, name := range []string{HeaderID, HeaderType, HeaderSource, HeaderTime} {
		if h[name] == "" {
			problems = append(problems, fmt.Errorf("header %s is missing", name))
		}
	}
	if v := h[HeaderSpecVersion]; v != specVersion {
		problems = append(problems, fmt.Errorf("header %s is %q: this reads %s", HeaderSpecVersion, v, specVersion))
	}
	if t := h[HeaderTime]; t != "" {
		at, err := time.Parse(time.RFC3339Nano, t)
		if err != nil {
			problems = append(problems, fmt.Errorf("header %s: %w", HeaderTime, err))
		}
		e.Time = at
	}
	return e, errors.Join(problems...)
}

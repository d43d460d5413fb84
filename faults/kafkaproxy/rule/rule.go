// Package rule says what the Kafka fault proxy can be asked to do: which
// exchanges or records a fault selects, how often, and what it does to them.
// It is pure; what it says is done by the packages beside it.
package rule

import "github.com/k2-platform/faultline/faults/often"

// Rule is one fault of the proxy as a document states it. Exactly one of
// Bytes, Protocol, Records and Corrupt is set.
type Rule struct {
	ID    string // of the receipt that undoes it
	Fault string // name of its kind, such as kafka.delay
	Where Where
	Often often.Often

	Bytes    *Bytes
	Protocol *Protocol
	Records  *Records
	Corrupt  *Corrupt
}

// Direction is the way that bytes go. The zero value is both.
type Direction int

// The directions.
const (
	Both     Direction = iota
	Request            // client to broker
	Response           // broker to client
)

// String implements fmt.Stringer.
func (d Direction) String() string {
	switch d {
	case Both:
		return "both"
	case Request:
		return "request"
	case Response:
		return "response"
	}
	return "both"
}

// Takes says whether a fault of direction d meets what goes the way of way.
func (d Direction) Takes(way Direction) bool { return d == Both || d == way }

// Package relay carries Kafka's bytes between clients and brokers: it
// listens for each broker, rewrites the addresses that responses carry, hides
// what it does not know, and asks Faults what is to be done to an exchange.
// Without faults frames pass as they are.
package relay

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/shape"
)

// Faults are those in force at one moment; the relay asks for them anew at
// each frame, so that they change without a connection being dropped. A value
// is safe for concurrent use.
type Faults interface {
	// Needs says by the header how much of an exchange has to be read. The zero
	// Need passes it on untouched, which is the fast path.
	Needs(Link, frame.Header) Need
	// Request is called before a request is passed on whose body was asked for.
	// It may change x.Request. A body that cannot be read without far more memory
	// than it has bytes is passed on, with a warning in the log, and not shown.
	Request(ctx context.Context, x *Exchange) Action
	// Response is called before a response is passed on whose body was asked
	// for, and for the answer that Request gave. It may change x.Response, which
	// has the addresses that the brokers told: what is sent has the proxy's.
	// The records of a fetch are valid until it was sent, and not after.
	// After Retain no response of the connection is sent any more, and those that
	// come are shown and not acted on: a client takes what comes for the one that
	// is missing.
	Response(ctx context.Context, x *Exchange) Action
	// Lost is called when the connection ended before the broker answered an
	// exchange whose response was asked for, or the answer could not be read.
	Lost(x *Exchange)
	// Shape says how the bytes of one frame flow that goes the way of way; nil:
	// at once. h is nil on a connection that cannot be read. It is asked, with
	// the last header and no exchange, when a side ends: for CloseDelay.
	Shape(l Link, h *frame.Header, x *Exchange, way rule.Direction) *shape.Shape
}

// Need says what has to be read of an exchange. Values are added.
type Need uint8

// The needs.
const (
	NeedRequest  Need = 1 << iota // the body of the request
	NeedResponse                  // the body of the response
	NeedShape                     // Shape is asked for its frames
)

// Link is one connection.
type Link struct {
	ID     uint64 // of the connection, in the life of this proxy
	Broker int32  // node id; -1 while it is not known: a bootstrap address
	Client string // address of the client, host and port
	Raw    bool   // its bytes cannot be read: TLS that passes through
}

// Exchange is a request, and the response to it once it is there.
type Exchange struct {
	Link     Link
	Header   frame.Header
	Request  kmsg.Request  // nil where it was not asked for, or was passed on before Needs said so (a fetch that waits at its broker)
	Response kmsg.Response // nil before, and where it was not asked for
	Note     any           // what Request leaves for Response and Lost
	// TopicName finds the name of a topic that is called by its id. Ids are
	// learnt from the metadata that passed.
	TopicName func(id [16]byte) (name string, ok bool)
}

// Do says what becomes of a request or a response. The zero value passes its
// bytes on as they came.
type Do int

// What can be done.
const (
	Pass   Do = iota
	Send      // it was changed: it is encoded anew
	Answer    // of a request: it is not passed on; x.Response is the response to it
	Cut       // of a response: a part of it is sent, then the connection ends
	Close     // the connection ends
	Reset     // the connection is reset
	Retain    // of a response: it is never sent, and the connection stays
)

// Action is what is done, and when.
type Action struct {
	Do   Do
	Hold time.Duration // how long before
	// Lifted ends Hold early, once it is closed; nil: nothing does.
	Lifted <-chan struct{}
	Part   float64 // of Cut: the share of the bytes, from 0 to 1
	Why    string  // for the log of the proxy
}

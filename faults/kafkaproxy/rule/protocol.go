package rule

import "time"

// ProtocolFault is what is done to requests and responses.
type ProtocolFault int

// The faults of the protocol.
const (
	Error           ProtocolFault = iota + 1 // the response carries an error code
	LostAck                                  // the broker acted, and the client is not told
	StaleMetadata                            // leaders are told wrongly
	Throttle                                 // the response tells the client to wait
	MoveCoordinator                          // the coordinator is told to be another broker
	Disconnect                               // the connection ends in the middle of the response
)

// Protocol is a fault of requests and responses.
type Protocol struct {
	Do ProtocolFault
	// Code is that of Error, and of LostAck with How Code.
	Code int16
	// Before is of Error: the request does not reach the broker. Reads
	// (fetch, metadata, find coordinator) are always passed on: that they
	// reached the broker changes nothing.
	Before bool
	How    LostAckHow    // of LostAck
	Stale  StaleHow      // of StaleMetadata
	Time   time.Duration // of Throttle
	At     float64       // of Disconnect: the share of the response that is sent, from 0 to 1
}

// LostAckHow says how an acknowledgement is lost.
type LostAckHow int

// The ways to lose an acknowledgement.
const (
	ByDisconnect LostAckHow = iota // the connection ends instead of the response
	ByCode                         // the response is an error
	BySilence                      // no response comes, and the connection stays: the client times out
)

// StaleHow says how metadata is stale.
type StaleHow int

// The ways of stale metadata.
const (
	Frozen      StaleHow = iota // leaders stay as the proxy first told them under the fault
	WrongLeader                 // another broker is told to be the leader
)

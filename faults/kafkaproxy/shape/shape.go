// Package shape makes bytes flow otherwise: later, slower, not at all. It
// knows nothing of what they mean.
package shape

import (
	"time"
)

// Shape says how the bytes of one frame flow. The zero value changes nothing.
type Shape struct {
	Delay     time.Duration   // before they go on; frames behind do not wait for each other's delay
	PerSecond int64           // rate in bytes; 0 is without bound
	Stalled   <-chan struct{} // they wait until it is closed; nil: they do not
	// Lifted is closed when the fault that asked for Delay and PerSecond is no
	// more in force: bytes that wait flow on at once. nil: never.
	Lifted <-chan struct{}
	Reset  bool // the connection is reset instead
	// CloseDelay is how much later the other side hears that this one closed.
	CloseDelay time.Duration
	// And is obeyed as well: delays add up, the lowest rate counts, and each
	// stall is waited for. Reset and CloseDelay are those of the first alone.
	And *Shape
}

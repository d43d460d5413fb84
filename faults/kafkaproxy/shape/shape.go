// Package shape makes bytes flow otherwise: later, slower, not at all.
package shape

import (
	"time"
)

// Shape says how the bytes of one frame flow. The zero value changes nothing.
type Shape struct {
	Delay     time.Duration   // before they go on; frames behind do not wait for each other's delay
	PerSecond int64           // rate in bytes; 0 is without bound
	Stalled   <-chan struct{} // they wait until it is closed; nil: they do not
	Reset     bool            // the connection is reset instead
	// CloseDelay is how much later the other side hears that this one closed.
	CloseDelay time.Duration
}

package rule

import "time"

// ByteFault is what is done to bytes, whatever they mean.
type ByteFault int

// The faults of bytes.
const (
	Delay     ByteFault = iota + 1 // each frame waits; throughput stays
	Bandwidth                      // bytes flow at a rate
	Reset                          // the connection is reset (RST)
	BlackHole                      // nothing flows, and connections stay open; what was held flows on once the fault is lifted
	SlowClose                      // a close by one side reaches the other later
	Partition                      // a black hole both ways, for new connections too
)

// Bytes is a fault of bytes.
type Bytes struct {
	Do ByteFault
	// Delay, Jitter and P99 are of Delay: the wait is Delay plus or minus
	// Jitter, evenly; or, with P99, log-normal with median Delay and that
	// 99th percentile. Delay is also that of SlowClose.
	Delay, Jitter, P99 time.Duration
	PerSecond          int64 // bytes, of Bandwidth
}

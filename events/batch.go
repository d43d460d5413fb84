// Package events is the closed set of facts about experiments, the batch that
// carries them and its codec. A batch is one Kafka record, so that a decision
// is stored whole or not at all. No I/O and no clock.
package events

import (
	"time"

	"github.com/k2-platform/faultline/spec"
)

// Batch is what one command caused.
type Batch struct {
	Experiment spec.ExperimentID
	Version    uint64 // of the state the batch leads to
	Cause      string // id of the command
	At         time.Time
	Events     []Event
}

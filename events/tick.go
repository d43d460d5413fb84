package events

import (
	"time"

	"github.com/k2-platform/faultline/spec"
)

// Reading is one number with its time.
type Reading struct {
	Metric string    `json:"metric"`
	Value  float64   `json:"value"`
	At     time.Time `json:"at"`
}

// Gap says that readings of a stretch of time are missing from the log.
type Gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Why  string    `json:"why"`
}

// Tick is one beat of an experiment's clock with the readings that came since
// the beat before. It is recorded even when it brings none, so that silence
// is seen. Seq counts from 1 without a hole. Version is that of the state that
// the judge knew at that moment, so that a replay judges on the same state.
//
// While Kafka is away the judge knows more than the log. Foreseen are the
// commands of the last versions up to Version that the log did not have yet,
// one for each, in order: where the log came to say otherwise, the tick was
// judged on a state that never was.
type Tick struct {
	Experiment spec.ExperimentID `json:"experiment"`
	Seq        uint64            `json:"seq"`
	At         time.Time         `json:"at"`
	Version    uint64            `json:"version"`
	Foreseen   []string          `json:"foreseen,omitempty"`
	Readings   []Reading         `json:"readings,omitempty"`
	Gap        *Gap              `json:"gap,omitempty"`
}

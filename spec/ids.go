package spec

import (
	"fmt"
	"regexp"
)

// ExperimentID names one run of one document, for ever: it is the key of
// every record of the experiment.
type ExperimentID string

// StepID names a step inside its document.
type StepID string

// TargetName is the logical name of something that can be broken or asked.
type TargetName string

// MetricName is a dotted name by which rules call a metric.
type MetricName string

const (
	idPattern     = `^[a-z0-9][a-z0-9._-]{0,126}$`
	metricPattern = `^[a-z][a-z0-9_]{0,63}$`
)

// CheckID refuses an experiment id that cannot serve as a Kafka key, a file
// name and an Iceberg tag alike.
func CheckID(id ExperimentID) error {
	return matches("experiment id", string(id), idPattern, "lower-case letters, digits, dot, dash and underscore, at most 127")
}

func matches(what, value, pattern, want string) error {
	if regexp.MustCompile(pattern).MatchString(value) {
		return nil
	}
	return fmt.Errorf("%s %q: write %s", what, value, want)
}

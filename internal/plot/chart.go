// Package plot draws the course of an experiment as SVG: one band for each
// metric, with the time of the fault behind all of them. It reads nothing, and
// the same chart is always the same bytes.
package plot

import "time"

// Chart is what is drawn. Times count from the beginning of the experiment.
type Chart struct {
	Title, Subtitle string
	Length          time.Duration // of the whole course; what is later is cut off
	Series          []Series      // from above to below
	Spans           []Span
	Marks           []Mark
}

// Series is one metric.
type Series struct {
	Name, Unit string
	Points     []Point // in order of time
}

// Point is one reading.
type Point struct {
	At    time.Duration
	Value float64
}

// Span is a stretch of time, such as that of a fault.
type Span struct {
	Label    string
	From, To time.Duration
}

// Mark is a moment.
type Mark struct {
	Label string
	At    time.Duration
}

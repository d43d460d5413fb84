package events

// Distribution is what is kept of a metric's readings. All figures are in the
// metric's unit; N is how many readings there were, and 0 means that none of
// the others says anything.
type Distribution struct {
	N      int     `json:"n"`
	Mean   float64 `json:"mean"`
	StdDev float64 `json:"stddev"`
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	P95    float64 `json:"p95"`
	P99    float64 `json:"p99"`
	Max    float64 `json:"max"`
}

package observe

import (
	"math"
	"slices"

	"github.com/k2-platform/faultline/events"
)

// Summarize describes the finite ones of values and leaves values as it is.
func Summarize(values []float64) events.Distribution {
	sorted := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			sorted = append(sorted, v)
		}
	}
	n := len(sorted)
	if n == 0 {
		return events.Distribution{}
	}
	slices.Sort(sorted)
	// Welford 1962: one pass, no loss of digits when the mean is large.
	mean, squares := 0.0, 0.0
	for i, v := range sorted {
		d := v - mean
		mean += d / float64(i+1)
		squares += d * (v - mean)
	}
	out := events.Distribution{
		N: n, Mean: mean, Min: sorted[0], Max: sorted[n-1],
		Median: quantile(sorted, 0.5), P95: quantile(sorted, 0.95), P99: quantile(sorted, 0.99),
	}
	if n > 1 {
		out.StdDev = math.Sqrt(squares / float64(n-1))
	}
	return out
}

// quantile interpolates linearly between neighbours (R-7, as numpy and
// DuckDB's quantile_cont do), so that analysts find the same figure.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(at)
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	part := at - float64(low)
	return sorted[low]*(1-part) + sorted[low+1]*part
}

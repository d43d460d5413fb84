package main

import (
	"fmt"
	"slices"
	"time"
)

// spread is a set of measured times.
type spread []time.Duration

// at is the value below which a share of the times lies.
func (s spread) at(share float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

func (s spread) median() time.Duration { return s.at(0.5) }

// String gives median, least and greatest.
func (s spread) String() string {
	return fmt.Sprintf("%s (%s–%s, %d runs)", short(s.median()), short(s.at(0)), short(s.at(1)), len(s))
}

// tail gives the figures of a latency.
func (s spread) tail() string {
	return fmt.Sprintf("p50 %s, p99 %s (%d samples)", short(s.median()), short(s.at(0.99)), len(s))
}

func short(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1e3)
	}
	return fmt.Sprintf("%.1f ms", d.Seconds()*1e3)
}

func mib(bytes int64) string { return fmt.Sprintf("%.0f MiB", float64(bytes)/(1<<20)) }

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

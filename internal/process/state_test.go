package process

import "testing"

// Lists and counts are what a kernel gave of processes on their way out: with
// the second line a process was gone, and there again a moment later.
func TestAProcessIsGoneOnce(t *testing.T) {
	for _, c := range []struct {
		first   string
		count   int
		threads string
		want    State
	}{
		{"S", 3, "SSS", Running},
		{"Z", 2, "Z", Running}, // the list lacks one that still ends
		{"Z", 2, "ZR", Running},
		{"Z", 2, "ZX", Running},
		{"Z", 1, "Z", Gone},
		{"X", 0, "", Gone},
		{"T", 2, "TT", Paused},
		{"T", 2, "TS", Running}, // the stop has not come to each
		{"Z", 2, "ZT", Paused},
		{"S", 2, "", Running}, // it ended after the count
	} {
		if got := stateOf(stat{state: c.first, threads: c.count}, c.threads); got != c.want {
			t.Errorf("%s of %d, threads %q: state %d, want %d", c.first, c.count, c.threads, got, c.want)
		}
	}
}

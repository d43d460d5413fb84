package ingest

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTheLongestSilenceIsKnownWhileItLastsAndAWhileAfter(t *testing.T) {
	var s silence
	start := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	assert.True(t, math.IsNaN(s.longest(at(0))), "nothing was taken yet: that is not zero")
	s.begin(at(0))
	s.begin(at(1)) // begun already
	assert.InDelta(t, 2, s.longest(at(2)), 1e-9, "it goes on")
	s.acked(at(3))
	s.acked(at(3.5))
	assert.InDelta(t, 3, s.longest(at(4)), 1e-9)
	s.acked(at(8))
	assert.InDelta(t, 4.5, s.longest(at(8)), 1e-9, "a longer one takes its place")
	for i := range 30 {
		s.acked(at(8.5 + float64(i)/2))
	}
	assert.InDelta(t, 0.5, s.longest(at(23)), 1e-9, "forgotten")
	assert.LessOrEqual(t, len(s.past), 2, "equal silences are kept once")
}

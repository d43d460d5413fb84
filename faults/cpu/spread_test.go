package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSpread(t *testing.T) {
	for cores, want := range map[float64]burn{
		0.3: {1, 0.3}, 1: {1, 1}, 1.5: {2, 0.75}, 2: {2, 1}, 0.01: {1, 0.01}, 3.0000000001: {3, 1},
	} {
		got := spread(cores)
		assert.Equal(t, want.Threads, got.Threads, cores)
		assert.InDelta(t, want.Duty, got.Duty, 1e-6, cores)
	}
}

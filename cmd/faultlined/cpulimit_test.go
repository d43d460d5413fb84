package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCPULimits(t *testing.T) {
	var c cpuLimit
	assert.Empty(t, c.String())
	for text, want := range map[string]float64{"query=50%": 0.5, "query=200%": 2} {
		require.NoError(t, c.Set(text))
		assert.InDelta(t, want, float64(c), 1e-9)
		assert.Equal(t, text, c.String())
	}
	for _, wrong := range []string{"50%", "sink=50%", "query=0.5", "query=5%", "query=much%", "query=", "query=7000%", "query=-50%"} {
		require.Error(t, c.Set(wrong), wrong)
	}
}

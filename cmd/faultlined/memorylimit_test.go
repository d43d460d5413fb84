package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMemoryLimits(t *testing.T) {
	var m memoryLimit
	for text, want := range map[string]int64{"ingestion=256MiB": 256 << 20, "ingestion=1GiB": 1 << 30} {
		require.NoError(t, m.Set(text))
		assert.Equal(t, want, int64(m))
	}
	assert.Equal(t, "ingestion=1024MiB", m.String())
	for _, wrong := range []string{"256MiB", "sink=256MiB", "ingestion=256", "ingestion=8MiB", "ingestion=muchMiB", "ingestion="} {
		require.Error(t, m.Set(wrong), wrong)
	}
}

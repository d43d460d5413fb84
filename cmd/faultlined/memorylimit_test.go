package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMemoryLimits(t *testing.T) {
	var m memoryLimit
	for text, want := range map[string]string{"ingestion=256MiB": "ingestion=256MiB", "ingestion=1GiB": "ingestion=1024MiB"} {
		require.NoError(t, m.Set(text))
		assert.Equal(t, want, m.String())
	}
	for _, wrong := range []string{"256MiB", "sink=256MiB", "ingestion=256", "ingestion=8MiB", "ingestion=muchMiB", "ingestion="} {
		require.Error(t, m.Set(wrong), wrong)
	}
}

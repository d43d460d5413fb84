package drivers_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/drivers"
)

func TestEveryDriverIsDescribed(t *testing.T) {
	all := drivers.All(t.TempDir())
	assert.Equal(t, drivers.Names(), slices.Sorted(maps.Keys(all)))
	_, err := all.Of("process.stopp")
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "process.stop")
}

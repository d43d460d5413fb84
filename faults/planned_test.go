package faults_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/spec"
)

func TestWhatIsPlannedIsWholeOrNothing(t *testing.T) {
	half, f := faults.Receipt{Kind: "k", Target: "x"}, spec.Fault{Target: "x"}
	r, err := faults.Planned("k", f, half, nil)
	require.NoError(t, err)
	assert.Equal(t, half, r)
	r, err = faults.Planned("k", f, half, faults.ErrRefused)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.EqualError(t, err, "planning k on x: refused")
	assert.Zero(t, r)
}

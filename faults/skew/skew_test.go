package skew_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/skew"
	"github.com/k2-platform/faultline/spec"
)

func TestItIsRefusedWithTheReason(t *testing.T) {
	d, target := skew.Driver{}, spec.Target{Process: &spec.Process{Record: "/nowhere"}}
	for by, want := range map[string]string{"5m": "one wall clock for all processes", "-1h": "one wall clock", "0s": "such as 5m", "later": "such as 5m", "100000h": "such as 5m"} {
		_, err := d.Plan(t.Context(), spec.Fault{Kind: skew.Kind, Target: "svc", With: map[string]string{"by": by}}, target)
		require.ErrorIs(t, err, faults.ErrRefused)
		require.ErrorContains(t, err, want)
	}
	r := faults.Receipt{ID: "r", Kind: skew.Kind}
	require.ErrorIs(t, d.Inject(t.Context(), r), faults.ErrRefused)
	require.Error(t, d.Rollback(t.Context(), r), "nobody claims to have undone what is not known")
	got, err := d.Probe(t.Context(), r)
	require.Error(t, err)
	assert.Equal(t, faults.Unseen, got)
}

package schema_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/schema"
	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/registry"
	"github.com/k2-platform/faultline/spec"
)

// TestARegistryThatAcceptsAllIsNoReasonToRefuse a version that fits nothing:
// an experiment is to find such a registry out. Of a version that may fit, its
// word counts.
func TestARegistryThatAcceptsAllIsNoReasonToRefuse(t *testing.T) {
	dir := t.TempDir()
	target := in(t)(dir)
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- registry.Run(ctx, registry.Config{Home: dir, Defects: defect.Set{defect.RegistryAcceptsAll}})
	}()
	defer func() {
		end()
		require.NoError(t, <-ended)
	}()
	require.Eventually(t, func() bool { return seed(t.Context(), client(target.Registry.URL)) == nil }, 10*time.Second, 10*time.Millisecond)
	plan := func(change string) error {
		d := schema.Driver{Kind: "schema.incompatible"}
		_, err := d.Plan(t.Context(), spec.Fault{Kind: d.Kind, Target: "trades", With: map[string]string{"change": change}}, target)
		return err
	}
	require.NoError(t, plan("retype"))
	require.ErrorIs(t, plan("add_required"), faults.ErrRefused)
	assert.ErrorContains(t, plan("add_required"), "makes no incompatible version")
}

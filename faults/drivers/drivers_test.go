package drivers_test

import (
	"maps"
	"slices"
	"strings"
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

// TestRisks is the table of the methodology: pause is safe; stop, kill,
// network, cpu and memory are caution; corruption is dangerous.
func TestRisks(t *testing.T) {
	families := map[string]faults.Risk{
		"none": faults.Safe, "process.pause": faults.Safe,
		"process.": faults.Caution, "network.": faults.Caution, "cpu.": faults.Caution, "memory.": faults.Caution,
	}
	for _, k := range drivers.Kinds() {
		want, best := faults.Dangerous, ""
		for family, risk := range families {
			if strings.HasPrefix(k.Name, family) && len(family) > len(best) {
				want, best = risk, family
			}
		}
		assert.Equal(t, want.String(), k.Risk.String(), k.Name)
	}
	assert.Equal(t, faults.Dangerous, drivers.KindOf("data.corrupt").Risk)
	assert.False(t, drivers.KindOf("data.corrupt").Serves)
}

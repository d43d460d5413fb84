package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

func TestEveryFaultIsListed(t *testing.T) {
	for name, kinds := range map[string][]faults.Kind{"all": drivers.Kinds(), "of the Kafka proxy": rule.Kinds()} {
		t.Run(name, func(t *testing.T) { everyKindIsListed(t, kinds) })
	}
}

func everyKindIsListed(t *testing.T, kinds []faults.Kind) {
	t.Helper()
	run := func(args ...string) string {
		cmd := faultsCommand("lists", kinds)
		var out strings.Builder
		cmd.SetOut(&out)
		cmd.SetArgs(args)
		require.NoError(t, cmd.Execute())
		return out.String()
	}
	list := run()
	for _, k := range kinds {
		assert.Contains(t, list, k.Name)
		one := run(k.Name)
		for _, p := range k.Parameters {
			assert.Contains(t, one, "  "+p.Name+" ", k.Name)
		}
	}
	var all []struct{ Name string }
	require.NoError(t, json.Unmarshal([]byte(run("-o", "json")), &all))
	assert.Len(t, all, len(kinds))
	cmd := faultsCommand("lists", kinds)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs([]string{"kafka.dealy"})
	require.ErrorContains(t, cmd.Execute(), "write one of "+kinds[0].Name)
}

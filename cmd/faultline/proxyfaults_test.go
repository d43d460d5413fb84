package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

func TestEveryFaultOfTheProxyIsListed(t *testing.T) {
	run := func(args ...string) string {
		cmd := kafkaProxy().faultsCommand()
		var out strings.Builder
		cmd.SetOut(&out)
		cmd.SetArgs(args)
		require.NoError(t, cmd.Execute())
		return out.String()
	}
	list := run()
	for _, k := range rule.Kinds() {
		assert.Contains(t, list, k.Name)
		one := run(k.Name)
		for _, p := range k.Parameters {
			assert.Contains(t, one, "  "+p.Name+" ", k.Name)
		}
	}
	var all []struct{ Name string }
	require.NoError(t, json.Unmarshal([]byte(run("-o", "json")), &all))
	assert.Len(t, all, len(rule.Kinds()))
	cmd := kafkaProxy().faultsCommand()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs([]string{"kafka.dealy"})
	require.ErrorContains(t, cmd.Execute(), "write one of kafka.bandwidth")
}

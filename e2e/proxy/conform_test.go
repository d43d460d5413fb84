//go:build e2e

package proxy_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestClientsConform has every client do the whole list, at once, with no
// fault set. Each must see what it would see without a proxy, and reach nobody
// but the proxy.
func TestClientsConform(t *testing.T) {
	direct := brokers(t, "E2E_KAFKA")
	all, p := programs(t), startProxy(t, direct)
	started := make([]*running, len(all))
	for i, client := range all {
		started[i] = client.start(t, p.bootstrap, fresh(client.name))
	}
	for i, client := range all {
		t.Run(client.name, func(t *testing.T) {
			r := started[i]
			r.end(t)
			r.alone(t, p)
			got, want := steps(t, r.out.String()), expected(client.name, p.addresses(t))
			for step, w := range want {
				assert.JSONEq(t, w, got[step], step)
			}
			assert.Len(t, got, len(want)+1, "steps: %s", &r.out) // one says which client it is
			stored(t, direct, r.prefix)
		})
	}
}

// steps are what a client saw, or the error that it had, by step.
func steps(t *testing.T, out string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(out) {
		var l struct {
			Step  string          `json:"step"`
			Saw   json.RawMessage `json:"saw"`
			Error string          `json:"error"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &l), line)
		all[l.Step] = string(l.Saw)
		if l.Error != "" {
			text, err := json.Marshal(map[string]string{"error": l.Error})
			require.NoError(t, err)
			all[l.Step] = string(text)
		}
		if l.Step == "client" {
			t.Log(all[l.Step])
		}
	}
	return all
}

// expected is what a client is to see of the list in README.md.
func expected(client string, addresses []string) map[string]string {
	const group = `{"received": 300, "distinct": 300, "members": 2, "resumed": 30, "described": ["stable", 1], "listed": true, "committed": 330, "gone": true}`
	text, _ := json.Marshal(slices.Sorted(slices.Values(addresses))) // strings can be written
	want := map[string]string{
		"brokers":       string(text),
		"transactions":  `{"committed": ["a0","a1","a2","a3","a4","c0","c1","c2","c3","c4"], "uncommitted": 15}`,
		"exactly once":  `{"out": ["out-a0","out-a1","out-a2","out-a3","out-a4","out-c0","out-c1","out-c2","out-c3","out-c4"], "committed": true}`,
		"group classic": group,
		// Errors: 36 topic exists, 3 unknown topic, 54 security disabled.
		"admin": fmt.Sprintf(`{"again": 36, "unknown": 3, "acls": 54, "retention": ["60000", "120000"], "offsets": [0, 5], "cluster": %s}`, text),
	}
	for codec := range codecs() {
		want["produce "+codec] = `{"received": 300, "distinct": 300, "ordered": true}`
	}
	if client != "sarama" { // which does not know the new protocol
		want["group consumer"] = group
	}
	if client == "java" { // which alone has share groups
		want["group share"] = `{"received": 300, "distinct": 300}`
	}
	return want
}

// codecs are the compressions, with their number in a batch's attributes.
func codecs() map[string]uint8 {
	return map[string]uint8{"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
}

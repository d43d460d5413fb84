package linkproxy_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/linkproxy"
)

// TestTheGuideNamesAll: each fault, each parameter, and its default.
func TestTheGuideNamesAll(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "faults", "link.md"))
	require.NoError(t, err)
	for _, k := range linkproxy.Kinds() {
		assert.Contains(t, string(guide), "`"+k.Name+"`")
		for _, p := range k.Parameters {
			if k.Name != "network.loss" {
				assert.Contains(t, string(guide), "`"+p.Name+"`", k.Name)
			}
		}
	}
}

package defect_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/sandbox/defect"
)

func TestTheGuideListsEveryDefect(t *testing.T) {
	guide, err := os.ReadFile("../../docs/SANDBOX.md")
	require.NoError(t, err)
	for d, about := range defect.All() {
		if about.Every > 0 {
			d = d.In(about.Every)
		}
		assert.Contains(t, string(guide), fmt.Sprintf("| `%s` | %s | %s |\n", d, about.Service, about.Breaks))
	}
}

package sandbox

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/sandbox/defect"
)

func TestADefectReachesTheServiceThatReadsIt(t *testing.T) {
	defects, err := defect.Parse(defect.Names())
	require.NoError(t, err)
	c := Config{Home: "/h", Self: []string{"x"}, Defects: defects}
	for d, about := range defect.All() {
		require.Contains(t, c.names(), about.Service, "of %s", d)
		for _, name := range c.names() {
			argv, err := c.command(t.Context(), name, Addresses{})
			require.NoError(t, err)
			if name == about.Service {
				assert.Contains(t, argv, string(d))
			} else {
				assert.NotContains(t, argv, string(d))
			}
		}
	}
}

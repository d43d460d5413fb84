package sampling

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/observe"
)

func TestASeriesMayHaveLabels(t *testing.T) {
	for text, want := range map[string]observe.Series{
		"total":                            {Metric: "m", Name: "total"},
		`total{reason="late"}`:             {Metric: "m", Name: "total", Labels: map[string]string{"reason": "late"}},
		`total{reason="late", zone = "a"}`: {Metric: "m", Name: "total", Labels: map[string]string{"reason": "late", "zone": "a"}},
	} {
		got, err := series("m", text, false)
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
	}
	for _, wrong := range []string{`total{reason=late}`, `total{`, `total{}`, `{reason="late"}`, `total{reason="late"} 5`, `total{a="x",}`} {
		_, err := series("m", wrong, false)
		require.ErrorContains(t, err, "write name{label=", wrong)
	}
}

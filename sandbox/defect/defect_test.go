package defect_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/sandbox/defect"
)

func TestAServiceIsToldItsOwnDefectsOnly(t *testing.T) {
	s, err := defect.Parse([]string{"no-digest", "health-lies", "fallback-empty", "health-lies"})
	require.NoError(t, err)
	assert.Equal(t, []string{"--defect", "health-lies", "--defect", "fallback-empty"}, s.Args("query"))
	assert.Equal(t, []string{"--defect", "no-digest"}, s.Args("sink"))
	assert.Empty(t, s.Args("ingest"))
	assert.True(t, s.Has(defect.NoDigest))
	assert.False(t, s.Has(defect.NoValidation))
	assert.False(t, defect.Set(nil).Has(defect.NoDigest))
}

func TestNoneIsNoDefect(t *testing.T) {
	s, err := defect.Parse([]string{"none"})
	require.NoError(t, err)
	assert.Empty(t, s)
}

func TestANameThatIsNoDefectIsRefused(t *testing.T) {
	_, err := defect.Parse([]string{"helth-lies"})
	require.EqualError(t, err, `the sandbox has no defect "helth-lies": did you mean health-lies?`)
	_, err = defect.Parse([]string{""})
	require.ErrorContains(t, err, "write one of: 503-as-500, breaker-never-opens")
}

func TestEveryDefectSaysWhatItBreaks(t *testing.T) {
	for d, about := range defect.All() {
		assert.NotEmpty(t, about.Breaks, d)
		assert.Contains(t, []string{"query", "ingest", "sink", "registry"}, about.Service, d)
	}
}

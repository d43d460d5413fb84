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

func TestADefectHasItsUsualRateOrAnother(t *testing.T) {
	s, err := defect.Parse([]string{"drop-after-ack=1/100", "write-twice", "no-digest", "drop-after-ack=1/100"})
	require.NoError(t, err)
	assert.Equal(t, defect.Set{defect.DropAfterAck.In(100), defect.WriteTwice, defect.NoDigest}, s)
	assert.EqualValues(t, 100, s.Every(defect.DropAfterAck))
	assert.EqualValues(t, 20, s.Every(defect.WriteTwice))
	assert.EqualValues(t, 1, s.Every(defect.NoDigest), "it concerns all")
	assert.Zero(t, s.Every(defect.Reorder))
	assert.True(t, s.Has(defect.DropAfterAck))
	assert.Equal(t, []string{"--defect", "drop-after-ack=1/100", "--defect", "write-twice", "--defect", "no-digest"}, s.Args("sink"))
}

func TestARateThatIsNoneIsRefused(t *testing.T) {
	for _, text := range []string{"drop-after-ack=", "drop-after-ack=100", "drop-after-ack=1/0", "drop-after-ack=2/100", "drop-after-ack=1/x"} {
		_, err := defect.Parse([]string{text})
		require.ErrorContains(t, err, "write one in so many, as drop-after-ack=1/100", text)
	}
	_, err := defect.Parse([]string{"no-digest=1/2"})
	require.EqualError(t, err, "the defect no-digest has no rate, it concerns all: write no-digest alone")
	_, err = defect.Parse([]string{"reorder", "reorder=1/2"})
	require.ErrorContains(t, err, "named twice")
	_, err = defect.Parse([]string{"reordr=1/2"})
	require.EqualError(t, err, `the sandbox has no defect "reordr": did you mean reorder?`)
}

func TestEveryDefectSaysWhatItBreaks(t *testing.T) {
	for d, about := range defect.All() {
		assert.NotEmpty(t, about.Breaks, d)
		assert.Contains(t, []string{"query", "ingest", "sink", "registry"}, about.Service, d)
	}
}

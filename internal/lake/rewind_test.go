package lake

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestATableThatWasSetBackIsAsItWas(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	table := openTable(t, l)
	first, second, third := trades("A", 0, 5), trades("A", 5, 5), trades("B", 0, 5)
	then, err := table.Append(t.Context(), first, nil, mark(5))
	require.NoError(t, err)
	gone, err := table.Append(t.Context(), second, mark(5), mark(10))
	require.NoError(t, err)

	require.NoError(t, table.Rewind(t.Context(), then.ID))
	require.NoError(t, table.Rewind(t.Context(), then.ID), "it stands there already")
	requireOnce(t, l, first)
	at, err := table.Watermark(t.Context())
	require.NoError(t, err)
	require.Equal(t, mark(5), at)
	_, err = table.Append(t.Context(), third, mark(10), mark(15))
	require.ErrorIs(t, err, ErrStale)
	_, err = table.Append(t.Context(), third, mark(5), mark(15))
	require.NoError(t, err)
	requireOnce(t, l, first, third)

	require.ErrorContains(t, table.Rewind(t.Context(), gone.ID), "not an ancestor")
	require.ErrorIs(t, table.Rewind(t.Context(), 1), ErrNoSnapshot)
}

func TestAFileThatWasLostIsMissed(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	table := openTable(t, l)
	_, err := table.Append(t.Context(), trades("A", 0, 5), nil, mark(5))
	require.NoError(t, err)
	s, err := table.Append(t.Context(), trades("A", 5, 5), mark(5), mark(10))
	require.NoError(t, err)
	_, err = l.Verify(t.Context(), "chaos", "trades", 0, 10)
	require.NoError(t, err)

	location, err := table.LoseFile(t.Context(), s.ID)
	require.NoError(t, err)
	_, err = l.Verify(t.Context(), "chaos", "trades", 0, 10)
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, location)

	empty, err := table.Append(t.Context(), nil, mark(10), mark(11))
	require.NoError(t, err)
	_, err = table.LoseFile(t.Context(), empty.ID)
	require.ErrorIs(t, err, errNoRows)
	_, err = table.LoseFile(t.Context(), 1)
	require.ErrorIs(t, err, ErrNoSnapshot)
}

package lake

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheWatermarkAsOfASnapshot(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	opened := openTable(t, l)
	first, err := opened.Append(t.Context(), trades("BHP", 0, 4), nil, mark(4))
	require.NoError(t, err)
	second, err := opened.Append(t.Context(), trades("BHP", 4, 4), mark(4), mark(8))
	require.NoError(t, err)
	for id, want := range map[int64]Watermark{first.ID: mark(4), second.ID: mark(8)} {
		got, err := l.WatermarkAt(t.Context(), "chaos", "trades", id)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err = l.WatermarkAt(t.Context(), "chaos", "trades", 7)
	require.ErrorIs(t, err, ErrNoSnapshot)
	_, err = l.WatermarkAt(t.Context(), "chaos", "none", 7)
	require.ErrorIs(t, err, ErrNoTable)
}

func TestTheColumnsOfATable(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	openTable(t, l)
	got, err := l.Columns(t.Context(), "chaos", "trades")
	require.NoError(t, err)
	assert.Equal(t, []NamedType{
		{"symbol", "string"},
		{"offset", "long"},
		{"at", "timestamptz"},
		{"price", "decimal(18, 6)"},
		{"ratio", "double"},
		{"odd", "boolean"},
		{"note", "string"},
		{"count", "long"},
		{"score", "double"},
		{"even", "boolean"},
		{"until", "timestamptz"},
	}, got)
}

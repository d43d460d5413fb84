package lake

import (
	"testing"
	"time"

	"github.com/apache/iceberg-go/catalog/rest"
	"github.com/apache/iceberg-go/table"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const before = "chaos/x/before"

func TestTagKeepsASnapshotFromExpiry(t *testing.T) {
	for name, config := range map[string]Config{"sql": configIn(t.TempDir()), "hadoop": {Kind: "hadoop", Warehouse: t.TempDir()}} {
		t.Run(name, func(t *testing.T) {
			l := open(t, config)
			opened := openTable(t, l)
			s, err := opened.Append(t.Context(), trades("BHP", 0, 3), nil, mark(3))
			require.NoError(t, err)
			require.NoError(t, l.Tag(t.Context(), "chaos", "trades", before, s.ID, time.Hour))
			_, err = opened.Append(t.Context(), trades("BHP", 3, 2), mark(3), mark(5))
			require.NoError(t, err)
			require.NoError(t, l.Tag(t.Context(), "chaos", "trades", before, s.ID, time.Hour), "twice is once")

			// Somebody else expires all but the newest snapshot.
			theirs, err := l.load(t.Context(), "chaos", "trades")
			require.NoError(t, err)
			tx := theirs.NewTransaction()
			require.NoError(t, tx.ExpireSnapshots(table.WithRetainLast(1), table.WithOlderThan(0)))
			_, err = tx.Commit(t.Context())
			require.NoError(t, err)

			id, err := l.Tagged(t.Context(), "chaos", "trades", before)
			require.NoError(t, err)
			require.Equal(t, s.ID, id)
			found, err := offsets(t.Context(), l, ScanOptions{SnapshotID: id})
			require.NoError(t, err)
			assert.Equal(t, map[string]int{"BHP0": 1, "BHP1": 1, "BHP2": 1}, found)
			requireOnce(t, l, trades("BHP", 0, 5))
			current, err := l.load(t.Context(), "chaos", "trades")
			require.NoError(t, err)
			for name, ref := range current.Metadata().Refs() {
				if name == before {
					require.NotNil(t, ref.MaxRefAgeMs)
					assert.Equal(t, time.Hour.Milliseconds(), *ref.MaxRefAgeMs)
				}
			}
		})
	}
}

func TestTagRefuses(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	require.ErrorIs(t, l.Tag(t.Context(), "chaos", "trades", before, 1, 0), ErrNoTable)
	opened := openTable(t, l)
	require.ErrorIs(t, l.Tag(t.Context(), "chaos", "trades", before, 1, 0), ErrNoSnapshot)
	_, err := l.Tagged(t.Context(), "chaos", "trades", before)
	require.ErrorIs(t, err, ErrNoSnapshot)
	one, err := opened.Append(t.Context(), trades("BHP", 0, 1), nil, mark(1))
	require.NoError(t, err)
	two, err := opened.Append(t.Context(), trades("BHP", 1, 1), mark(1), mark(2))
	require.NoError(t, err)
	require.NoError(t, l.Tag(t.Context(), "chaos", "trades", before, one.ID, 0))
	require.ErrorIs(t, l.Tag(t.Context(), "chaos", "trades", before, two.ID, 0), ErrTaken)
	id, err := l.Tagged(t.Context(), "chaos", "trades", before)
	require.NoError(t, err)
	assert.Equal(t, one.ID, id, "it stays where it is")
}

// A catalog that refuses is asked once, and its answer is handed on.
func TestTagHandsOnARefusal(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	s, err := openTable(t, l).Append(t.Context(), trades("BHP", 0, 1), nil, mark(1))
	require.NoError(t, err)
	calls := 0
	l.catalog = &faulty{Catalog: l.catalog, commit: func(func() (table.Metadata, string, error)) (table.Metadata, string, error) {
		calls++
		return nil, "", rest.ErrForbidden
	}}
	err = l.Tag(t.Context(), "chaos", "trades", before, s.ID, 0)
	require.ErrorIs(t, err, rest.ErrForbidden)
	require.ErrorContains(t, err, "chaos/x/before")
	assert.Equal(t, 1, calls)
}

// A writer's commit gets in between, or the answer is lost: there is the tag.
func TestTagOutlivesARaceAndALostAnswer(t *testing.T) {
	config := configIn(t.TempDir())
	l, other := open(t, config), openTable(t, open(t, config))
	s, err := other.Append(t.Context(), trades("BHP", 0, 1), nil, mark(1))
	require.NoError(t, err)
	calls := 0
	l.catalog = &faulty{Catalog: l.catalog, commit: func(original func() (table.Metadata, string, error)) (table.Metadata, string, error) {
		if calls++; calls == 1 {
			_, err := other.Append(t.Context(), trades("BHP", 1, 1), mark(1), mark(2))
			require.NoError(t, err)
			return nil, "", errInjected
		}
		if _, _, err := original(); err != nil {
			return nil, "", err
		}
		return nil, "", errInjected
	}}
	require.NoError(t, l.Tag(t.Context(), "chaos", "trades", before, s.ID, 0))
	assert.Equal(t, 2, calls)
}

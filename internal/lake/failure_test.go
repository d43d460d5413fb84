package lake

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"
	"github.com/stretchr/testify/require"
)

// faulty is a catalog whose commits fail in a chosen way.
type faulty struct {
	catalog.Catalog
	commit func(original func() (table.Metadata, string, error)) (table.Metadata, string, error)
}

func (f *faulty) LoadTable(ctx context.Context, id table.Identifier) (*table.Table, error) {
	loaded, err := f.Catalog.LoadTable(ctx, id)
	if err != nil {
		return nil, err
	}
	return table.New(id, loaded.Metadata(), loaded.MetadataLocation(), loaded.FS, f), nil
}

func (f *faulty) CommitTable(
	ctx context.Context, id table.Identifier, reqs []table.Requirement, updates []table.Update,
) (table.Metadata, string, error) {
	return f.commit(func() (table.Metadata, string, error) { return f.Catalog.CommitTable(ctx, id, reqs, updates) })
}

var errInjected = errors.New("injected")

// The answer of a commit that landed is lost: the append still knows.
func TestAppendFindsItsLandedCommit(t *testing.T) {
	for name, answer := range map[string]error{"unknown": errInjected, "lost race": table.ErrCommitFailed} {
		t.Run(name, func(t *testing.T) {
			l := open(t, configIn(t.TempDir()))
			trades1 := trades("BHP", 0, 3)
			opened := openTable(t, l)
			calls := 0
			l.catalog = &faulty{Catalog: l.catalog, commit: func(original func() (table.Metadata, string, error)) (table.Metadata, string, error) {
				calls++
				if _, _, err := original(); err != nil {
					return nil, "", err
				}
				return nil, "", answer
			}}
			s, err := opened.Append(t.Context(), trades1, nil, mark(3))
			require.NoError(t, err)
			require.Equal(t, 1, calls)
			require.EqualValues(t, 3, s.TotalRecords)
			requireOnce(t, l, trades1)
		})
	}
}

// Another writer's commit with the same rows lands first and this one's
// answer is lost as well: it must not take the other's commit for its own.
func TestAppendTellsItsCommitFromAnothers(t *testing.T) {
	config := configIn(t.TempDir())
	l, other := open(t, config), open(t, config)
	mine, theirs := openTable(t, l), openTable(t, other)
	rows := trades("BHP", 0, 3)
	l.catalog = &faulty{Catalog: l.catalog, commit: func(func() (table.Metadata, string, error)) (table.Metadata, string, error) {
		_, err := theirs.Append(t.Context(), rows, nil, mark(3))
		return nil, "", errors.Join(errInjected, err)
	}}
	_, err := mine.Append(t.Context(), rows, nil, mark(3))
	require.ErrorIs(t, err, ErrStale)
	requireOnce(t, l, rows)
}

// A snapshot of somebody who knows of no watermark gets in between: the
// append goes on top of it, once.
func TestAppendGoesOnTopOfForeignSnapshot(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	opened := openTable(t, l)
	_, err := opened.Append(t.Context(), trades("BHP", 0, 3), nil, mark(3))
	require.NoError(t, err)
	original, calls := l.catalog, 0
	l.catalog = &faulty{Catalog: original, commit: func(commit func() (table.Metadata, string, error)) (table.Metadata, string, error) {
		if calls++; calls == 1 {
			foreign, err := original.LoadTable(t.Context(), table.Identifier{"chaos", "trades"})
			require.NoError(t, err)
			tx := foreign.NewTransaction()
			require.NoError(t, tx.AddFiles(t.Context(), nil, nil, false))
			_, err = tx.Commit(t.Context())
			require.NoError(t, err)
		}
		return commit()
	}}
	_, err = opened.Append(t.Context(), trades("BHP", 3, 2), mark(3), mark(5))
	require.NoError(t, err)
	requireOnce(t, l, trades("BHP", 0, 5))
	got, err := opened.Watermark(t.Context())
	require.NoError(t, err)
	require.Equal(t, mark(5), got)
}

// SQLite refuses the last step, when data files and metadata are written
// already: neither rows nor watermark may be seen, and the next try is clean.
func TestAppendIsAllOrNothing(t *testing.T) {
	config := configIn(t.TempDir())
	l := open(t, config)
	opened := openTable(t, l)
	_, err := opened.Append(t.Context(), trades("BHP", 0, 3), nil, mark(3))
	require.NoError(t, err)
	db, err := sql.Open("sqlite", dsn(config.URI))
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	_, err = db.ExecContext(t.Context(), `CREATE TRIGGER refuse BEFORE UPDATE ON iceberg_tables
		BEGIN SELECT RAISE(ABORT, 'injected'); END`)
	require.NoError(t, err)

	_, err = opened.Append(t.Context(), trades("BHP", 3, 3), mark(3), mark(6))
	require.ErrorContains(t, err, "injected")
	requireOnce(t, l, trades("BHP", 0, 3))
	got, err := opened.Watermark(t.Context())
	require.NoError(t, err)
	require.Equal(t, mark(3), got)

	_, err = db.ExecContext(t.Context(), `DROP TRIGGER refuse`)
	require.NoError(t, err)
	_, err = opened.Append(t.Context(), trades("BHP", 3, 3), mark(3), mark(6))
	require.NoError(t, err)
	requireOnce(t, l, trades("BHP", 0, 6))
}

func TestAppendAfterCancelledContextWritesNothingTwice(t *testing.T) {
	l := open(t, configIn(t.TempDir()))
	opened := openTable(t, l)
	ctx, cancel := context.WithCancel(t.Context())
	l.catalog = &faulty{Catalog: l.catalog, commit: func(original func() (table.Metadata, string, error)) (table.Metadata, string, error) {
		_, _, err := original()
		cancel()
		return nil, "", errors.Join(ctx.Err(), err)
	}}
	_, err := opened.Append(ctx, trades("BHP", 0, 3), nil, mark(3))
	require.NoError(t, err, "it landed, and that is found out after the end of the context")
	requireOnce(t, l, trades("BHP", 0, 3))
}

// The catalog says "lost the race, try again", which iceberg-go does by
// itself on top of the winner, for a table whose properties allow retries,
// unless the branch is pinned. The winner has written the same rows.
func TestAppendIsNotReplayedOnTopOfTheWinner(t *testing.T) {
	config := configIn(t.TempDir())
	l, other := open(t, config), open(t, config)
	mine, theirs := openTable(t, l), openTable(t, other)
	_, err := theirs.Append(t.Context(), trades("BHP", 0, 3), nil, mark(3))
	require.NoError(t, err)
	allowRetries(t, other)
	rows := trades("BHP", 3, 3)
	calls := 0
	l.catalog = &faulty{Catalog: l.catalog, commit: func(original func() (table.Metadata, string, error)) (table.Metadata, string, error) {
		if calls++; calls > 1 {
			return original()
		}
		_, err := theirs.Append(t.Context(), rows, mark(3), mark(6))
		require.NoError(t, err)
		return nil, "", table.ErrCommitFailed
	}}
	_, err = mine.Append(t.Context(), rows, mark(3), mark(6))
	require.ErrorIs(t, err, ErrStale)
	requireOnce(t, l, trades("BHP", 0, 6))
}

func allowRetries(t *testing.T, l *Lake) {
	t.Helper()
	loaded, err := l.load(t.Context(), "chaos", "trades")
	require.NoError(t, err)
	tx := loaded.NewTransaction()
	require.NoError(t, tx.SetProperties(map[string]string{table.CommitNumRetriesKey: "3", table.CommitMinRetryWaitMsKey: "1"}))
	_, err = tx.Commit(t.Context())
	require.NoError(t, err)
}

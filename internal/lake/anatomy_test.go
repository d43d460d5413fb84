package lake

import (
	"context"
	"path"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestATableTakenApart has the same parts on a disk and in a store.
func TestATableTakenApart(t *testing.T) {
	s3, _ := onS3(t)
	for name, s := range map[string]shelf{"files": onDisk(t), "S3": s3} {
		t.Run(name, func(t *testing.T) {
			l := open(t, s.config)
			_, err := l.Anatomy(t.Context(), "chaos", "trades")
			require.ErrorIs(t, err, ErrNoTable)
			opened := openTable(t, l)
			empty, err := l.Anatomy(t.Context(), "chaos", "trades")
			require.NoError(t, err)
			require.Zero(t, empty.Current)
			require.Empty(t, empty.Snapshots)

			_, err = opened.Append(t.Context(), trades("BHP", 0, 3), nil, mark(3))
			require.NoError(t, err)
			last, err := opened.Append(t.Context(), trades("CBA", 3, 2), mark(3), mark(5))
			require.NoError(t, err)
			a, err := l.Anatomy(t.Context(), "chaos", "trades")
			require.NoError(t, err)
			require.Equal(t, last.ID, a.Current)
			require.Equal(t, map[string]int64{"main": last.ID}, a.Refs)
			require.Equal(t, 2, a.Format)
			require.EqualValues(t, 2, a.LastSequence)
			require.Equal(t, AnatomyColumn{Name: "price", Type: "decimal(18, 6)"}, a.Columns[3])
			require.True(t, a.Columns[0].Required)
			require.Len(t, a.Snapshots, 2)
			first, second := a.Snapshots[0], a.Snapshots[1]
			require.Zero(t, first.Parent)
			require.Equal(t, first.ID, second.Parent)
			added, _ := second.Count(AddedRecords)
			total, _ := second.Count(TotalRecords)
			require.Equal(t, []int64{2, 5}, []int64{added, total})
			_, ok := second.Count("deleted-nothing")
			require.False(t, ok)
			got, err := second.Watermark()
			require.NoError(t, err)
			require.Equal(t, mark(5), got)

			everything := append([]string{}, a.Named...)
			var rows int64
			for _, snapshot := range a.Snapshots {
				everything = append(everything, snapshot.List)
				manifests, err := a.Manifests(t.Context(), snapshot)
				require.NoError(t, err)
				for _, m := range manifests {
					everything = append(everything, m.Path)
					found, err := a.Stat(t.Context(), m.Path)
					require.NoError(t, err)
					require.Equal(t, m.Size, found.Size)
					read, err := a.Files(t.Context(), m, func(f TableFile) error {
						everything = append(everything, f.Path)
						found, err := a.Stat(t.Context(), f.Path)
						require.NoError(t, err)
						require.Equal(t, f.Size, found.Size)
						require.WithinDuration(t, time.Now(), found.Modified, time.Hour)
						n, err := a.Rows(t.Context(), f.Path)
						require.NoError(t, err)
						require.Equal(t, f.Rows, n)
						require.True(t, f.Parquet)
						if snapshot.ID == last.ID {
							rows += n
						}
						return nil
					})
					require.NoError(t, err)
					require.Positive(t, read)
				}
			}
			require.EqualValues(t, 5, rows)
			var named, stored []string
			for _, location := range everything {
				named = append(named, Place(location))
			}
			require.NoError(t, a.List(t.Context(), func(f StoredFile) error {
				require.Positive(t, f.Size)
				stored = append(stored, Place(f.Path))
				return nil
			}))
			slices.Sort(stored)
			require.Equal(t, slices.Compact(slices.Sorted(slices.Values(named))), stored, "what is named is what is there")

			_, err = a.Stat(t.Context(), first.List+".none")
			require.ErrorIs(t, err, ErrNoFile)
			_, err = a.Rows(t.Context(), first.List)
			require.Error(t, err, "it is no Parquet")
			require.NotErrorIs(t, err, ErrUnreachable)
			s.write(first.List, nil)
			_, err = a.Manifests(t.Context(), first)
			require.ErrorIs(t, err, ErrCorrupt)
			require.ErrorContains(t, err, path.Base(first.List))
			over, end := context.WithCancel(t.Context())
			end()
			_, err = a.Stat(over, second.List)
			require.ErrorIs(t, err, context.Canceled)
		})
	}
}

func TestAStoreThatIsAwayHidesItsFiles(t *testing.T) {
	s, away := onS3(t)
	l := open(t, s.config)
	_, err := openTable(t, l).Append(t.Context(), trades("BHP", 0, 3), nil, mark(3))
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
	defer stop()
	a, err := l.Anatomy(ctx, "chaos", "trades")
	require.NoError(t, err)
	away.Store(true)
	_, stat := a.Stat(ctx, a.Snapshots[0].List)
	list := a.List(ctx, func(StoredFile) error { return nil })
	for _, err := range []error{stat, list} {
		require.ErrorIs(t, err, ErrUnreachable)
		require.NotErrorIs(t, err, ErrNoFile)
	}
}

func TestOnePlaceForEachFile(t *testing.T) {
	for location, want := range map[string]string{
		"file:///w/a.parquet": "/w/a.parquet", "file:/w/a.parquet": "/w/a.parquet", "/w/a.parquet": "/w/a.parquet",
		"s3a://b/k": "s3://b/k", "s3n://b/k": "s3://b/k", "s3://b/k": "s3://b/k", "gs://b/k": "gs://b/k",
	} {
		require.Equal(t, want, Place(location))
	}
}

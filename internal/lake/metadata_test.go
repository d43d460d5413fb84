package lake

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCheckMetadataNeedsNoCatalog(t *testing.T) {
	s3, _ := onS3(t)
	for name, s := range map[string]shelf{"files": onDisk(t), "S3": s3} {
		t.Run(name, func(t *testing.T) {
			l := open(t, s.config)
			opened := openTable(t, l)
			_, err := opened.Append(t.Context(), trades("BHP", 0, 3), nil, mark(3))
			require.NoError(t, err)
			info, err := l.Inspect(t.Context(), "chaos", "trades")
			require.NoError(t, err)
			_, err = opened.Append(t.Context(), trades("BHP", 3, 3), mark(3), mark(6))
			require.NoError(t, err)
			now, err := l.Inspect(t.Context(), "chaos", "trades")
			require.NoError(t, err)
			named, newer := info.Metadata.Location, now.Metadata.Location
			require.NotEqual(t, named, newer)
			check := func() error { return l.CheckMetadata(t.Context(), info.Metadata) }
			require.NoError(t, check())
			older, newest := s.read(named), s.read(newer)

			s.write(named, nil)
			require.NoError(t, check(), "an older file may have been removed")
			s.write(newer, newest[:len(newest)/2])
			require.ErrorIs(t, check(), ErrCorrupt, "a newer one that nobody has named here is half a file")
			s.write(named, older)
			require.ErrorIs(t, check(), ErrCorrupt, "also where the one that was named is whole")
			require.ErrorContains(t, check(), newer)

			uncommitted := strings.Replace(newer, "/00002-", "/00003-", 1)
			s.write(uncommitted, newest)
			require.NoError(t, check(), "of those that are newer the newest counts")
			s.write(named, older[:len(older)/2])
			require.ErrorIs(t, check(), ErrCorrupt, "one that was named and is there must be whole")

			s.write(uncommitted, nil)
			s.write(newer, nil)
			s.write(named, nil)
			require.ErrorIs(t, check(), ErrCorrupt, "nothing newer lies there")
			s.write(named, older)
			require.NoError(t, check())
		})
	}
	require.NoError(t, (*Lake)(nil).CheckMetadata(t.Context(), MetadataFile{}), "none was named")
}

func TestCheckMetadataOfAStoreThatIsAway(t *testing.T) {
	s, away := onS3(t)
	l := open(t, s.config)
	_, err := openTable(t, l).Append(t.Context(), trades("BHP", 0, 3), nil, mark(3))
	require.NoError(t, err)
	info, err := l.Inspect(t.Context(), "chaos", "trades")
	require.NoError(t, err)
	away.Store(true)
	for name, ask := range map[string]func(context.Context) error{
		"reading": func(ctx context.Context) error { return l.CheckMetadata(ctx, info.Metadata) },
		"listing": func(ctx context.Context) error { _, err := info.Metadata.newer(ctx); return err },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer stop()
			began := time.Now()
			err := diagnose(ask(ctx))
			require.ErrorIs(t, err, ErrUnreachable)
			require.NotErrorIs(t, err, ErrCorrupt)
			require.Less(t, time.Since(began), 10*time.Second, "it ends with its context")
		})
	}
}

func TestVersionsOfMetadataFiles(t *testing.T) {
	for name, want := range map[string]int{
		"00042-8b7c6a1e-0000-4000-8000-000000000000.metadata.json":    42,
		"00042-8b7c6a1e-0000-4000-8000-000000000000.gz.metadata.json": 42,
		"v7.metadata.json":                   7,
		"v7.metadata.json.gz":                7,
		"100000-x.metadata.json":             100000,
		"last.metadata.json":                 -1,
		"00042-8b7c6a1e-m0.avro":             -1,
		"snap-42-1-8b7c6a1e.avro":            -1,
		"99999999999999999999.metadata.json": -1,
		"version-hint.text":                  -1,
		"":                                   -1,
	} {
		require.Equal(t, want, version(name), name)
	}
}

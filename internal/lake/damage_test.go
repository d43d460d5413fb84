package lake

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newestFile is the file below dir whose name matches and that was written last.
func newestFile(t *testing.T, dir, match string) string {
	t.Helper()
	var newest string
	var at time.Time
	require.NoError(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if ok, _ := filepath.Match(match, filepath.Base(path)); err == nil && ok && !info.IsDir() && !info.ModTime().Before(at) {
			newest, at = path, info.ModTime()
		}
		return err
	}))
	require.NotEmpty(t, newest, "no %s", match)
	return newest
}

func TestDamageIsCorruptionWhateverWasDamaged(t *testing.T) {
	truncate := func(t *testing.T, file string) {
		t.Helper()
		info, err := os.Stat(file)
		require.NoError(t, err)
		require.NoError(t, os.Truncate(file, info.Size()/2))
	}
	remove := func(t *testing.T, file string) { t.Helper(); require.NoError(t, os.Remove(file)) }
	for name, c := range map[string]struct {
		file  string
		harm  func(*testing.T, string)
		vague bool // reads as a connection that broke would
	}{
		"metadata cut short":      {"*.metadata.json", truncate, false},
		"metadata gone":           {"*.metadata.json", remove, false},
		"manifest list cut short": {"snap-*.avro", truncate, true},
		"manifest list gone":      {"snap-*.avro", remove, false},
		"manifest cut short":      {"[^s]*.avro", truncate, true},
		"manifest gone":           {"[^s]*.avro", remove, false},
		"data file cut short":     {"*.parquet", truncate, true},
		"data file gone":          {"*.parquet", remove, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, configIn(dir))
			_, err := openTable(t, l).Append(t.Context(), trades("BHP", 0, 300), nil, mark(300))
			require.NoError(t, err)
			files, err := l.Verify(t.Context(), "chaos", "trades", 5, 2)
			require.NoError(t, err)
			require.Positive(t, files)
			c.harm(t, newestFile(t, dir, c.file))
			_, verified := l.Verify(t.Context(), "chaos", "trades", 0, files)
			require.Error(t, verified)
			scanned := l.Scan(t.Context(), "chaos", "trades", ScanOptions{}, func(Row) error { return nil })
			require.Error(t, scanned)
			for _, err := range []error{verified, scanned} {
				require.NotErrorIs(t, err, ErrUnreachable)
				if !c.vague {
					require.ErrorIs(t, err, ErrCorrupt)
					assert.Contains(t, err.Error(), "corruption")
				}
			}
		})
	}
}

func TestAStoreThatIsAwayIsNoCorruption(t *testing.T) {
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("lake"))
	fake := gofakes3.New(backend).Server()
	var answer atomic.Pointer[http.Handler]
	answers := func(h http.Handler) { answer.Store(&h) }
	answers(fake)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*answer.Load()).ServeHTTP(w, r) }))
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		server.Close()
	})
	l := open(t, configOnS3(t, server.URL))
	_, err := openTable(t, l).Append(t.Context(), trades("BHP", 0, 3), nil, mark(3))
	require.NoError(t, err)
	look := func() error {
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		_, err := l.Inspect(ctx, "chaos", "trades")
		return err
	}
	require.NoError(t, look())

	answers(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	require.ErrorIs(t, look(), ErrUnreachable, "no answer in time")
	answers(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	require.ErrorIs(t, look(), ErrUnreachable, "an answer that it cannot")
	answers(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if c, _, err := w.(http.Hijacker).Hijack(); err == nil { //nolint:forcetypeassert // the server's own is one
			_ = c.(*net.TCPConn).SetLinger(0) //nolint:forcetypeassert // it is plain HTTP
			_ = c.Close()
		}
	}))
	require.ErrorIs(t, look(), ErrUnreachable, "a reset")
	answers(fake)
	require.NoError(t, look())

	objects, err := backend.ListBucket("lake", nil, gofakes3.ListBucketPage{})
	require.NoError(t, err)
	for _, o := range objects.Contents {
		if strings.HasSuffix(o.Key, ".metadata.json") {
			_, err := backend.DeleteObject("lake", o.Key)
			require.NoError(t, err)
		}
	}
	require.ErrorIs(t, look(), ErrCorrupt, "the store says that it has no such object")
	server.Close()
	require.ErrorIs(t, look(), ErrUnreachable, "nobody listens")
}

package query

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/sink"
)

// flaky is a lake whose store can go away, or its catalog alone: it does not
// answer then.
type flaky struct {
	source
	away  atomic.Bool
	mute  atomic.Bool // the catalog
	asked atomic.Int32
}

func (f *flaky) wait(ctx context.Context) error { return f.answer(ctx, f.away.Load() || f.mute.Load()) }

func (f *flaky) answer(ctx context.Context, never bool) error {
	f.asked.Add(1)
	if !never {
		return nil
	}
	<-ctx.Done()
	return fmt.Errorf("%w: %w", lake.ErrUnreachable, ctx.Err())
}

func (f *flaky) Inspect(ctx context.Context, namespace, name string) (lake.Info, error) {
	if err := f.wait(ctx); err != nil {
		return lake.Info{}, err
	}
	return f.source.Inspect(ctx, namespace, name)
}

func (f *flaky) CheckMetadata(ctx context.Context, m lake.MetadataFile) error {
	if err := f.answer(ctx, f.away.Load()); err != nil {
		return err
	}
	return f.source.CheckMetadata(ctx, m)
}

func (f *flaky) Scan(ctx context.Context, namespace, name string, o lake.ScanOptions, each func(lake.Row) error) error {
	if err := f.wait(ctx); err != nil {
		return err
	}
	return f.source.Scan(ctx, namespace, name, o, each)
}

func (f *flaky) Verify(ctx context.Context, namespace, name string, from, n int) (int, error) {
	if err := f.wait(ctx); err != nil {
		return 0, err
	}
	return f.source.Verify(ctx, namespace, name, from, n)
}

// served is an API over a table of some rows, on a clock of its own.
type served struct {
	*api
	t    *testing.T
	home string
	lake *flaky
	mux  *http.ServeMux

	starved atomic.Bool  // its quota is used up in nine tenths of the periods
	quota   atomic.Value // func: what the throttling of the own group is
}

// period is one of the quota.
const period = 100 * time.Millisecond

// inService runs do against an API that has read its table, with nothing
// strained unless do says so. What is written is written before its clock
// starts: the codecs below are kept for the process, and must not belong to
// the time of one test.
func inService(t *testing.T, d defect.Set, do func(t *testing.T, s *served)) {
	t.Helper()
	home := t.TempDir()
	written, opened := table(t, home)
	rows := make([]row, 50)
	for i := range rows {
		rows[i] = row{fmt.Sprintf("t%d", i), time.Now().Add(time.Duration(i) * time.Millisecond)}
	}
	_, err := opened.Append(t.Context(), rows, nil, upTo(50))
	require.NoError(t, err)
	_, err = written.Verify(t.Context(), sink.Namespace, sink.Table, 0, 1)
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		l, err := lake.Open(t.Context(), configIn(home))
		require.NoError(t, err)
		defer func() { require.NoError(t, l.Close()) }()
		s := &served{t: t, home: home, mux: http.NewServeMux(), lake: &flaky{source: l}}
		s.api = newAPI(s.lake, d)
		began := time.Now()
		s.quota.Store(func() (periods int64, each time.Duration, err error) {
			if !s.starved.Load() {
				return 0, period, nil
			}
			return int64(time.Since(began) * 9 / 10 / period), period, nil
		})
		s.strain.throttled = func() (periods int64, each time.Duration, err error) {
			return s.quota.Load().(func() (int64, time.Duration, error))() //nolint:forcetypeassert // it holds nothing else
		}
		s.meters = newMeters(prometheus.NewRegistry(), s.api)
		s.mux.HandleFunc("GET /api/v1/trades", s.trades)
		s.mux.HandleFunc("GET /status", s.status)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.work(ctx) }()
		defer func() {
			stop()
			require.NoError(t, <-done)
		}()
		s.after(time.Second)
		require.Equal(t, http.StatusOK, s.get("?limit=20").Code)
		do(t, s)
	})
}

// after lets time pass.
func (s *served) after(d time.Duration) {
	time.Sleep(d) // on the clock of the test
	synctest.Wait()
}

func (s *served) get(query string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, "/api/v1/trades"+query, nil))
	return w
}

func (s *served) body(w *httptest.ResponseRecorder) (out reply) {
	s.t.Helper()
	require.NoError(s.t, json.Unmarshal(w.Body.Bytes(), &out), w.Body)
	return out
}

func (s *served) told() (out status) {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, "/status", nil))
	require.NoError(s.t, json.Unmarshal(w.Body.Bytes(), &out))
	return out
}

// damage does something to the newest file whose name matches, and gives what
// mends it.
func (s *served) damage(match string) (mend func()) {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.home, "warehouse", "*", "*", match))
	require.NoError(s.t, err)
	require.NotEmpty(s.t, files)
	kept := map[string][]byte{}
	for _, f := range files {
		kept[f], err = os.ReadFile(f)
		require.NoError(s.t, err)
		require.NoError(s.t, os.WriteFile(f, kept[f][:len(kept[f])/2], 0o600))
	}
	return func() {
		for f, text := range kept {
			require.NoError(s.t, os.WriteFile(f, text, 0o600))
		}
	}
}

func has(names ...defect.Defect) defect.Set { return names }

func TestTheFallbackAnswersWhileTheStoreIsAway(t *testing.T) {
	inService(t, nil, func(t *testing.T, s *served) {
		t.Helper()
		s.lake.away.Store(true)
		s.after(6 * time.Second)
		assert.True(t, s.storage.open())
		assert.NotEqual(t, "closed", s.told().Breaker)
		require.ErrorContains(t, s.health(t.Context()), "circuit breaker")

		s.after(time.Second) // past the trials at five seconds
		asked, began := s.lake.asked.Load(), time.Now()
		w := s.get("?limit=20")
		assert.Zero(t, time.Since(began), "an open breaker does not wait")
		assert.Equal(t, asked, s.lake.asked.Load(), "nor ask")
		assert.Equal(t, http.StatusOK, w.Code)
		assert.Equal(t, "true", w.Header().Get("X-Fallback"))
		assert.Equal(t, "7", w.Header().Get("Age"))
		out := s.body(w)
		assert.Len(t, out.Data, 20)
		assert.True(t, out.Meta.Fallback)
		require.NotNil(t, out.Meta.Age)
		assert.InDelta(t, 7, *out.Meta.Age, 0.3)
		assert.NotNil(t, out.Meta.Newest)

		s.lake.away.Store(false)
		s.after(8 * time.Second)
		assert.Equal(t, "closed", s.told().Breaker, "trials that go well close it")
		w = s.get("?limit=20")
		assert.Empty(t, w.Header().Get("X-Fallback"))
		assert.Nil(t, s.body(w).Meta.Age)
		require.NoError(t, s.health(t.Context()))
	})
}

func TestDefectsOfTheFallback(t *testing.T) {
	t.Run("breaker-never-opens", func(t *testing.T) {
		inService(t, has(defect.BreakerNeverOpens), func(t *testing.T, s *served) {
			t.Helper()
			s.lake.away.Store(true)
			s.after(20 * time.Second)
			assert.False(t, s.storage.open())
			began := time.Now()
			assert.Equal(t, http.StatusOK, s.get("").Code)
			assert.Equal(t, lookWithin, time.Since(began), "each call waits for the store")
		})
	})
	t.Run("fallback-empty", func(t *testing.T) {
		inService(t, has(defect.FallbackEmpty), func(t *testing.T, s *served) {
			t.Helper()
			s.lake.away.Store(true)
			s.after(7 * time.Second)
			w := s.get("")
			assert.Equal(t, "true", w.Header().Get("X-Fallback"))
			assert.Empty(t, s.body(w).Data)
			assert.Nil(t, s.body(w).Meta.Newest)
		})
	})
	t.Run("health-lies", func(t *testing.T) {
		inService(t, has(defect.HealthLies), func(t *testing.T, s *served) {
			t.Helper()
			s.lake.away.Store(true)
			s.after(7 * time.Second)
			require.NoError(t, s.health(t.Context()))
			assert.Equal(t, "closed", s.told().Breaker)
		})
	})
	t.Run("slow-recovery", func(t *testing.T) {
		inService(t, has(defect.SlowRecovery), func(t *testing.T, s *served) {
			t.Helper()
			s.lake.away.Store(true)
			s.after(7 * time.Second)
			s.lake.away.Store(false)
			s.after(5 * time.Minute)
			assert.Equal(t, "true", s.get("").Header().Get("X-Fallback"))
			s.after(6 * time.Minute)
			assert.Empty(t, s.get("").Header().Get("X-Fallback"))
		})
	})
}

func TestCorruptionIsNotHiddenByTheFallback(t *testing.T) {
	for name, file := range map[string]string{
		"metadata": "metadata/*.metadata.json", "manifest list": "metadata/snap-*.avro", "manifest": "metadata/[^s]*.avro", "data file": "data/*.parquet",
	} {
		t.Run(name, func(t *testing.T) {
			inService(t, nil, func(t *testing.T, s *served) {
				t.Helper()
				mend := s.damage(file)
				s.after(3 * time.Second)
				w := s.get("")
				assert.Equal(t, http.StatusServiceUnavailable, w.Code)
				assert.Equal(t, "storage_unavailable", s.body(w).Error)
				assert.Contains(t, s.body(w).Detail, "corruption")
				assert.Contains(t, s.told().Damage, "corruption")
				require.ErrorContains(t, s.health(t.Context()), "corruption")
				assert.False(t, s.storage.open(), "the store answers")

				s.lake.away.Store(true)
				s.after(7 * time.Second)
				assert.Equal(t, http.StatusServiceUnavailable, s.get("").Code, "it is still damaged, as far as anybody knows")
				s.lake.away.Store(false)
				mend()
				s.after(15 * time.Second)
				assert.Equal(t, http.StatusOK, s.get("").Code)
				require.NoError(t, s.health(t.Context()))
			})
		})
	}
}

func TestDefectsOfCorruption(t *testing.T) {
	t.Run("503-as-500", func(t *testing.T) {
		inService(t, has(defect.Status500), func(t *testing.T, s *served) {
			t.Helper()
			s.damage("metadata/*.metadata.json")
			w := s.get("")
			assert.Equal(t, http.StatusInternalServerError, w.Code)
			assert.NotEqual(t, "storage_unavailable", s.body(w).Error)
		})
	})
	t.Run("stale-metadata-served", func(t *testing.T) {
		inService(t, has(defect.StaleMetadataServed), func(t *testing.T, s *served) {
			t.Helper()
			s.damage("metadata/*.metadata.json")
			s.after(3 * time.Second)
			w := s.get("")
			assert.Equal(t, http.StatusOK, w.Code)
			assert.Empty(t, w.Header().Get("X-Fallback"))
			assert.Nil(t, s.body(w).Meta.Age)
			require.NoError(t, s.health(t.Context()))
		})
	})
}

package sampling_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/conduct"
	"github.com/k2-platform/faultline/handlers/sampling"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/spec"
)

// tables are sources that count who asks, and may be slow or broken.
type tables struct {
	mu     sync.Mutex
	asked  map[string]int
	slow   map[string]time.Duration
	broken map[string]bool
}

func newTables() *tables {
	return &tables{asked: map[string]int{}, slow: map[string]time.Duration{}, broken: map[string]bool{}}
}

func (l *tables) Inspect(ctx context.Context, _, name string) (rows, snapshot int64, at time.Time, ok bool, err error) {
	l.mu.Lock()
	l.asked[name]++
	// Never none, so that no answer comes at the very moment of a tick.
	n, slow, broken := l.asked[name], max(l.slow[name], 10*time.Millisecond), l.broken[name]
	l.mu.Unlock()
	if !pause.For(ctx, slow) {
		return 0, 0, time.Time{}, false, ctx.Err()
	}
	if broken {
		return 0, 0, time.Time{}, false, errors.New("broken")
	}
	return int64(n), 1, time.Now(), true, nil
}

func (l *tables) times(name string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked[name]
}

func (l *tables) breaks(name string, broken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken[name] = broken
}

// watch asks for metrics of which each is the rows of the table of its name.
func watch(every time.Duration, metrics ...string) conduct.Watch {
	w := conduct.Watch{Experiment: "x", Metrics: metrics, Platform: spec.Platform{Metrics: map[string]spec.Metric{}}}
	for _, m := range metrics {
		w.Platform.Metrics[m] = spec.Metric{Table: &spec.TableSource{Namespace: "n", Name: m, Measure: "rows"}}
	}
	w.Document.Baseline.Every = spec.Duration(every)
	return w
}

// watcher keeps the ticks of one watch.
type watcher struct {
	stop  func()
	ticks []events.Tick
}

func follow(t *testing.T, p *sampling.Pool, w conduct.Watch) *watcher {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, done := &watcher{}, make(chan error, 1)
	go func() { done <- p.Watch(ctx, w, func(tick events.Tick) { out.ticks = append(out.ticks, tick) }) }()
	out.stop = sync.OnceFunc(func() {
		stop()
		assert.NoError(t, <-done)
	})
	t.Cleanup(out.stop)
	return out
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestASourceIsPolledOnceForAllAndLeavesWithTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTables()
		p := sampling.NewPool(l, quiet())
		var all []*watcher
		for range 3 {
			all = append(all, follow(t, p, watch(time.Second, "a")))
		}
		pause.For(t.Context(), 9500*time.Millisecond)
		assert.Equal(t, 10, l.times("a"), "at once and every second, for however many")
		all[0].stop()
		all[1].stop()
		for _, w := range all[:2] {
			require.Len(t, w.ticks, 9)
			for _, tick := range w.ticks {
				assert.Len(t, tick.Readings, 1)
			}
		}
		pause.For(t.Context(), 10*time.Second)
		assert.Equal(t, 20, l.times("a"), "one watches still")
		all[2].stop()
		pause.For(t.Context(), time.Minute)
		assert.Equal(t, 20, l.times("a"), "nobody watches")
		again := follow(t, p, watch(time.Second, "a"))
		pause.For(t.Context(), 5500*time.Millisecond)
		again.stop()
		assert.Equal(t, 26, l.times("a"))
		assert.Len(t, again.ticks, 5)
	})
}

func TestTheOneInAHurrySetsThePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTables()
		p := sampling.NewPool(l, quiet())
		follow(t, p, watch(10*time.Second, "a"))
		pause.For(t.Context(), 500*time.Millisecond)
		hurry := follow(t, p, watch(time.Second, "a"))
		pause.For(t.Context(), 30*time.Second)
		hurry.stop()
		assert.InDelta(t, 21, l.times("a"), 1, "from the next poll on")
		pause.For(t.Context(), 60*time.Second)
		assert.InDelta(t, 27, l.times("a"), 1)
	})
}

func TestReadingsStandInAnOrderOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTables()
		l.slow["a"], l.slow["b"] = 200*time.Millisecond, 100*time.Millisecond // the last in order comes first
		p := sampling.NewPool(l, quiet())
		one, other := follow(t, p, watch(time.Second/2, "a", "b", "c")), follow(t, p, watch(time.Second/2, "c", "b", "a"))
		pause.For(t.Context(), 10500*time.Millisecond)
		one.stop()
		other.stop()
		require.Len(t, one.ticks, 10)
		assert.Equal(t, one.ticks, other.ticks)
		for _, tick := range one.ticks {
			require.Len(t, tick.Readings, 6)
			assert.True(t, slices.IsSortedFunc(tick.Readings, func(a, b events.Reading) int {
				return strings.Compare(a.Metric+a.At.Format(time.RFC3339Nano), b.Metric+b.At.Format(time.RFC3339Nano))
			}))
		}
	})
}

// What is judged is what is recorded, to the last bit of its times: else a
// replay might find another order.
func TestATickIsAsItWillBeReadBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := follow(t, sampling.NewPool(newTables(), quiet()), watch(time.Second, "a", "b"))
		pause.For(t.Context(), 3500*time.Millisecond)
		w.stop()
		require.Len(t, w.ticks, 3)
		for _, tick := range w.ticks {
			assertReadBack(t, tick)
		}
	})
}

func assertReadBack(t *testing.T, tick events.Tick) {
	t.Helper()
	tick.Seq = 1
	event, err := events.EncodeTick(tick)
	require.NoError(t, err)
	read, err := events.DecodeTick(event)
	require.NoError(t, err)
	assert.Equal(t, read, tick)
}

func TestASlowSourceDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTables()
		l.slow["slow"], l.slow["hung"] = 900*time.Millisecond, time.Hour
		w := follow(t, sampling.NewPool(l, quiet()), watch(time.Second, "fast", "slow", "hung"))
		began := time.Now()
		pause.For(t.Context(), 20500*time.Millisecond)
		w.stop()
		require.Len(t, w.ticks, 20)
		for i, tick := range w.ticks {
			assert.Equal(t, time.Duration(i+1)*time.Second, tick.At.Sub(began), "the clock goes on")
			require.Len(t, tick.Readings, 2)
			assert.Equal(t, "fast", tick.Readings[0].Metric)
			assert.Equal(t, "slow", tick.Readings[1].Metric)
		}
		assert.InDelta(t, 20, l.times("hung"), 2, "it is asked again and again")
	})
}

func TestABrokenSourceIsToldOfOnceAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told strings.Builder
		l := newTables()
		l.breaks("a", true)
		w := follow(t, sampling.NewPool(l, slog.New(slog.NewTextHandler(&told, nil))), watch(time.Second, "a"))
		pause.For(t.Context(), 4500*time.Millisecond)
		l.breaks("a", false)
		pause.For(t.Context(), 3*time.Second)
		l.breaks("a", true)
		pause.For(t.Context(), 3*time.Second)
		w.stop()
		assert.Equal(t, 2, strings.Count(told.String(), "a metric cannot be read"), "once for each outage:\n%s", told.String())
		var got []int
		for _, tick := range w.ticks {
			got = append(got, len(tick.Readings))
		}
		assert.Equal(t, []int{0, 0, 0, 0, 0, 1, 1, 1, 0, 0}, got, "no reading is no reading")
	})
}

func TestAMetricThatIsNotThere(t *testing.T) {
	cases := map[string]struct {
		change func(*conduct.Watch)
		none   bool // no lake
		want   string
	}{
		"a metric":         {func(w *conduct.Watch) { w.Metrics = []string{"c"} }, false, "finding metric c: the platform has a, b, mine"},
		"a service":        {func(w *conduct.Watch) { w.Metrics = []string{"healthy.c"} }, false, "finding service c: the platform has api"},
		"a lake":           {func(*conduct.Watch) {}, true, "this process has no lake"},
		"its source":       {func(w *conduct.Watch) { w.Platform.Metrics["b"] = spec.Metric{} }, false, "metric b: it names no source"},
		"a measure":        {func(w *conduct.Watch) { w.Platform.Metrics["b"].Table.Measure = "m" }, false, "write rows, freshness or snapshot_age"},
		"one it may watch": {func(w *conduct.Watch) { w.Platform.Metrics["b"].Table.Name = "" }, false, "table name is empty"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := watch(time.Second, "a", "b")
				w.Platform.Services = map[string]spec.Health{"api": {}}
				w.Document.Metrics = map[string]spec.Metric{"mine": {}}
				c.change(&w)
				l := newTables()
				p := sampling.NewPool(l, quiet())
				if c.none {
					p = sampling.NewPool(nil, quiet())
				}
				require.ErrorContains(t, p.Watch(t.Context(), w, func(events.Tick) {}), c.want)
				pause.For(t.Context(), time.Minute)
				assert.LessOrEqual(t, l.times("a"), 1, "nobody polls for a watch that did not begin")
			})
		})
	}
}

// TestAProbeMayWaitForItsTimeout asks a service that is paused, more often
// than the probe is patient. That nobody is served is a reading.
func TestAProbeMayWaitForItsTimeout(t *testing.T) {
	hung := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hung.Close()
	w := watch(time.Second)
	w.Platform.Probes = map[string]spec.Probe{"api": {URL: hung.URL, Timeout: spec.Duration(1100 * time.Millisecond)}}
	for _, m := range []string{"availability", "response_time"} {
		w.Metrics = append(w.Metrics, m)
		w.Platform.Metrics[m] = spec.Metric{Probe: &spec.ProbeSource{Name: "api", Measure: m}}
	}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	got := map[string]float64{}
	require.NoError(t, sampling.NewPool(nil, quiet()).Watch(ctx, w, func(tick events.Tick) {
		assertReadBack(t, tick) // outside a bubble times are monotonic, too
		for _, r := range tick.Readings {
			got[r.Metric] = r.Value
			stop()
		}
	}))
	assert.Equal(t, map[string]float64{"availability": 0, "response_time": 1.1}, got)
}

// TestAHealthCheckMayWaitForItsTimeout asks a service that is paused, more often
// than the check is patient. No answer in time is unwell, and not unknown.
func TestAHealthCheckMayWaitForItsTimeout(t *testing.T) {
	hung := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hung.Close()
	w := watch(500 * time.Millisecond)
	w.Platform.Services = map[string]spec.Health{"api": {HTTP: hung.URL}}
	w.Metrics = append(w.Metrics, "healthy.api")
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	got := map[string]float64{}
	require.NoError(t, sampling.NewPool(nil, quiet()).Watch(ctx, w, func(tick events.Tick) {
		for _, r := range tick.Readings {
			got[r.Metric] = r.Value
			stop()
		}
	}))
	assert.Equal(t, map[string]float64{"healthy.api": 0}, got)
}

package observe_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/observe"
)

// hand is a clock moved by hand.
type hand struct{ at time.Time }

func (h *hand) now() time.Time { return h.at }

func newHand() *hand { return &hand{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func byName(readings []observe.Reading) map[string]float64 {
	m := make(map[string]float64)
	for _, r := range readings {
		m[r.Metric] = r.Value
	}
	return m
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func TestScrape(t *testing.T) {
	clock, acked := newHand(), 1000.0
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, "# TYPE acked_total counter\nacked_total{p=\"0\"} %g\nacked_total{p=\"1\"} 0\n# TYPE buffer gauge\nbuffer{kind=\"a\"} 7\nbuffer{kind=\"b\"} 9\nodd NaN\n", acked)
	})
	s, err := observe.NewScrape(observe.ScrapeConfig{URL: server.URL, Now: clock.now, Series: []observe.Series{
		{Metric: "rate", Name: "acked_total", Rate: true},
		{Metric: "buffer", Name: "buffer", Labels: map[string]string{"kind": "b"}},
		{Metric: "odd", Name: "odd"},
		{Metric: "none", Name: "nowhere"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	step := func(d time.Duration, grow float64) (map[string]float64, []string) {
		clock.at, acked = clock.at.Add(d), acked+grow
		got, err := s.Sample(t.Context())
		return byName(got), observe.Missing(err)
	}
	got, missing := step(0, 0)
	if got["buffer"] != 9 || !slices.Equal(missing, []string{"rate", "odd", "none"}) {
		t.Fatalf("first sample: %v, missing %v", got, missing)
	}
	if got, _ := step(5*time.Second, 500); len(got) != 1 {
		t.Errorf("a rate before its window is full: %v", got)
	}
	if got, _ := step(5*time.Second, 1500); got["rate"] != 200 {
		t.Errorf("rate = %v, want 2000 in 10 s", got)
	}
	acked = 0 // restart
	if got, _ := step(5*time.Second, 100); got["rate"] != 160 {
		t.Errorf("rate over a reset = %v, want 1500+100 in 10 s", got)
	}
	server.Close()
	got, missing = step(time.Second, 0)
	if len(got) != 0 || len(missing) != 4 {
		t.Errorf("dead source: readings %v, missing %v", got, missing)
	}
}

// A number that is none cannot be written down, so it is no reading, however
// it came about.
func TestWhatIsNoNumberIsMissing(t *testing.T) {
	clock, value := newHand(), -1.7e308
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintf(w, "grows %g\n", value) })
	s, err := observe.NewScrape(observe.ScrapeConfig{URL: server.URL, Now: clock.now, Series: []observe.Series{{Metric: "rate", Name: "grows", Rate: true}}})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = s.Sample(t.Context())
	clock.at, value = clock.at.Add(10*time.Second), 1.7e308
	readings, err := s.Sample(t.Context())
	if len(readings) != 0 || !slices.Equal(observe.Missing(err), []string{"rate"}) {
		t.Errorf("readings %v, %v", readings, err)
	}
}

func TestScrapeRefusesShortWindow(t *testing.T) {
	_, err := observe.NewScrape(observe.ScrapeConfig{URL: "http://127.0.0.1:1", Window: time.Second, Series: []observe.Series{{Metric: "m", Name: "m"}}})
	if err == nil {
		t.Error("a rate over 1 s is accepted")
	}
}

func TestPromQL(t *testing.T) {
	answers := map[string]string{
		"one":    `{"resultType":"vector","result":[{"metric":{},"value":[1,"2.5"]}]}`,
		"scalar": `{"resultType":"scalar","result":[1,"4"]}`,
		"none":   `{"resultType":"vector","result":[]}`,
		"two":    `{"resultType":"vector","result":[{"metric":{"a":"1"},"value":[1,"1"]},{"metric":{"a":"2"},"value":[1,"1"]}]}`,
		"nan":    `{"resultType":"scalar","result":[1,"NaN"]}`,
	}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"status":"success","data":%s}`, answers[r.FormValue("query")])
	})
	queries := map[string]string{}
	for q := range answers {
		queries[q] = q
	}
	p, err := observe.NewPromQL(observe.PromQLConfig{Address: server.URL, Queries: queries})
	if err != nil {
		t.Fatal(err)
	}
	readings, err := p.Sample(t.Context())
	got, missing := byName(readings), observe.Missing(err)
	slices.Sort(missing)
	if len(got) != 2 || got["one"] != 2.5 || got["scalar"] != 4 || !slices.Equal(missing, []string{"nan", "none", "two"}) {
		t.Errorf("readings %v, missing %v", got, missing)
	}
}

type inspector struct {
	rows int64
	at   time.Time
	ok   bool
	err  error
}

func (i *inspector) Inspect(context.Context, string, string) (int64, int64, time.Time, bool, error) {
	return i.rows, 1, i.at, i.ok, i.err
}

func TestTable(t *testing.T) {
	clock := newHand()
	in := &inspector{}
	s, err := observe.NewTable(observe.TableConfig{Inspector: in, Namespace: "market_data", Name: "trades_v2", Rows: "rows", Freshness: "fresh", SnapshotAge: "age", Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, want map[string]float64) {
		t.Helper()
		got, err := s.Sample(t.Context())
		if fmt.Sprint(byName(got)) != fmt.Sprint(want) || len(observe.Missing(err)) != 3-len(want) {
			t.Errorf("%s: %v, %v; want %v", what, got, err, want)
		}
	}
	check("no snapshot", map[string]float64{})
	*in = inspector{rows: 10, at: clock.at, ok: true}
	clock.at = clock.at.Add(4 * time.Second)
	check("first", map[string]float64{"rows": 10, "fresh": 4, "age": 4})
	in.at = clock.at
	clock.at = clock.at.Add(time.Second)
	check("compaction", map[string]float64{"rows": 10, "fresh": 5, "age": 1})
	in.rows = 11
	check("growth", map[string]float64{"rows": 11, "fresh": 1, "age": 1})
	in.err = errors.New("catalog is gone")
	check("no catalog", map[string]float64{})
}

func TestSummarize(t *testing.T) {
	values := []float64{4, 1, math.NaN(), 3, 2, math.Inf(1)}
	got := observe.Summarize(values)
	if got.N != 4 || got.Mean != 2.5 || got.Median != 2.5 || got.Min != 1 || got.Max != 4 ||
		math.Abs(got.P95-3.85) > 1e-12 || math.Abs(got.P99-3.97) > 1e-12 || math.Abs(got.StdDev-1.2909944487358056) > 1e-12 {
		t.Errorf("Summarize = %+v", got)
	}
	if values[0] != 4 {
		t.Error("Summarize sorted its caller's values")
	}
	if got := observe.Summarize(nil); got != (events.Distribution{}) {
		t.Errorf("Summarize(nil) = %+v", got)
	}
}

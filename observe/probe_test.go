package observe_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/procfs"

	"github.com/k2-platform/faultline/observe"
)

// scripted answers without a network, so that synctest's clock applies.
type scripted func(*http.Request) (*http.Response, error)

func (s scripted) RoundTrip(r *http.Request) (*http.Response, error) { return s(r) }

func TestHTTPProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		status, delay, body := 200, 100*time.Millisecond, `{"data":[{"timestamp":"`+time.Now().Format(time.RFC3339)+`"}]}`
		var refuse error
		client := &http.Client{Transport: scripted(func(r *http.Request) (*http.Response, error) {
			if refuse != nil {
				return nil, refuse
			}
			select {
			case <-time.After(delay):
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
			return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
		})}
		p, err := observe.NewHTTPProbe(observe.HTTPProbeConfig{
			URL: "http://query.test/", Timeout: 2 * time.Second, Window: 10 * time.Second, Body: "data",
			Availability: "up", ErrorRate: "errors", ResponseTime: "slowest", P50: "p50", DataAge: "age", DataAgePath: "data.0.timestamp", Client: client,
		})
		if err != nil {
			t.Fatal(err)
		}
		check := func(what string, missing int, want map[string]float64) {
			t.Helper()
			readings, err := p.Sample(t.Context())
			got := byName(readings)
			for name, v := range want {
				if x, ok := got[name]; !ok || math.Abs(x-v) > 1e-9 {
					t.Errorf("%s: %s = %v, %v; want %v", what, name, x, ok, v)
				}
			}
			if n := len(observe.Missing(err)); n != missing {
				t.Errorf("%s: %d metrics missing (%v), want %d", what, n, err, missing)
			}
		}
		check("good", 0, map[string]float64{"up": 1, "errors": 0, "slowest": 0.1, "p50": 0.1, "age": 0.1})
		status = 404
		check("not found is an answer", 1, map[string]float64{"up": 1, "errors": 0.5})
		status, delay = 200, time.Hour
		check("timeout", 1, map[string]float64{"up": 2.0 / 3, "errors": 2.0 / 3, "slowest": 2})
		time.Sleep(11 * time.Second)
		refuse = errors.New("connection refused")
		check("refused, alone in the window: no latency", 3, map[string]float64{"up": 0, "errors": 1})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if got, err := p.Sample(ctx); len(got) != 0 || len(observe.Missing(err)) != 5 {
			t.Errorf("cancelled by the caller: %v, %v", got, err)
		}
	})
}

// TestAnAnswerThatComesWithTheDeadlineIsNone and the reason is told.
func TestAnAnswerThatComesWithTheDeadlineIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &http.Client{Transport: scripted(func(r *http.Request) (*http.Response, error) {
			time.Sleep(2*time.Second + time.Millisecond) // it does not heed the deadline
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"at":"2026-03-04T09:00:00Z"}`)), Request: r}, nil
		})}
		p, err := observe.NewHTTPProbe(observe.HTTPProbeConfig{
			URL: "http://query.test/", Timeout: 2 * time.Second, ErrorRate: "errors", DataAge: "age", DataAgePath: "at", Client: client,
		})
		if err != nil {
			t.Fatal(err)
		}
		readings, err := p.Sample(t.Context())
		if byName(readings)["errors"] != 1 {
			t.Errorf("%v; want an error", readings)
		}
		if want := "http://query.test/ did not answer within 2s"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	})
}

func TestAProbeMaySendWhatAClientWould(t *testing.T) {
	const trade = `{"symbol":"BHP"}`
	status, took := http.StatusOK, 0
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" ||
			r.Header.Get("X-API-Key") != "a key" || string(sent) != trade {
			t.Errorf("got %s of %s: %q, %v", r.Method, r.Header.Get("Content-Type"), sent, err)
		}
		took++
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"error":"schema_validation"}`)
	})
	p, err := observe.NewHTTPProbe(observe.HTTPProbeConfig{
		URL: server.URL, Post: trade, Headers: map[string]string{"x-api-key": "a key"}, Status: http.StatusUnprocessableEntity, Body: "schema_validation", Availability: "up", ErrorRate: "wrong",
	})
	if err != nil {
		t.Fatal(err)
	}
	check := func(want float64) {
		t.Helper()
		readings, err := p.Sample(t.Context())
		if got := byName(readings); err != nil || got["wrong"] != want || got["up"] != 1 {
			t.Errorf("got %v, %v; want wrong %v", got, err, want)
		}
	}
	check(1)
	status = http.StatusUnprocessableEntity
	check(0.5)
	if took != 2 {
		t.Errorf("%d calls for 2 readings", took)
	}
}

func TestHTTPProbeCountsKindsOfAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var resp http.Response
		var body string
		client := &http.Client{Transport: scripted(func(r *http.Request) (*http.Response, error) {
			if resp.StatusCode == 0 {
				return nil, errors.New("connection refused")
			}
			out := resp
			out.Body, out.Request = io.NopCloser(strings.NewReader(body)), r
			return &out, nil
		})}
		p, err := observe.NewHTTPProbe(observe.HTTPProbeConfig{URL: "http://query.test/", Client: client, Shares: []observe.Share{
			{Metric: "fallback", Status: 200, Header: map[string]string{"X-Fallback": "true"}, Fields: []string{"meta.age", "data.0"}},
			{Metric: "unavailable", Status: 503, Body: "storage_unavailable"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		marked := http.Header{"X-Fallback": {"true"}}
		for i, c := range []struct {
			what                  string
			status                int
			header                http.Header
			body                  string
			fallback, unavailable float64 // how many of the calls so far
		}{
			{"marked, with rows and an age", 200, marked, `{"meta":{"age":0},"data":[1]}`, 1, 0},
			{"not marked", 200, nil, `{"meta":{"age":0},"data":[1]}`, 1, 0},
			{"marked otherwise", 200, http.Header{"X-Fallback": {"false"}}, `{"meta":{"age":0},"data":[1]}`, 1, 0},
			{"no age", 200, marked, `{"meta":{"age":null},"data":[1]}`, 1, 0},
			{"no rows", 200, marked, `{"meta":{"age":0},"data":[]}`, 1, 0},
			{"no JSON", 200, marked, `<html>`, 1, 0},
			{"503 as it should be", 503, nil, `{"error":"storage_unavailable"}`, 1, 1},
			{"503 of another kind", 503, nil, `{"error":"overloaded"}`, 1, 1},
			{"500", 500, nil, `storage_unavailable`, 1, 1},
			{"no answer", 0, nil, ``, 1, 1},
		} {
			resp, body = http.Response{StatusCode: c.status, Header: c.header}, c.body
			readings, err := p.Sample(t.Context())
			got, n := byName(readings), float64(i+1)
			if err != nil || got["fallback"] != c.fallback/n || got["unavailable"] != c.unavailable/n {
				t.Errorf("%s: %v, %v; want %v and %v of %v", c.what, got, err, c.fallback, c.unavailable, n)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.Sample(ctx); len(observe.Missing(err)) != 2 {
			t.Errorf("cancelled by the caller: %v; want both metrics missing", err)
		}
	})
}

func TestHealth(t *testing.T) {
	status := 200
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	addr := strings.TrimPrefix(server.URL, "http://")
	for _, cfg := range []observe.HealthConfig{{HTTP: server.URL}, {TCP: addr}} {
		status, cfg.Service = 200, "api"
		h, err := observe.NewHealth(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := h.Sample(t.Context()); err != nil || byName(got)["healthy.api"] != 1 {
			t.Errorf("%+v: %v, %v; want 1", cfg, got, err)
		}
		if status = 503; cfg.HTTP != "" {
			if got, err := h.Sample(t.Context()); err != nil || len(got) != 1 || got[0].Value != 0 {
				t.Errorf("503: %v, %v; want 0", got, err)
			}
		}
	}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, cfg := range []observe.HealthConfig{{Service: "x", TCP: gone}, {Service: "x", Kafka: gone, Timeout: time.Second}} {
		h, err := observe.NewHealth(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := h.Sample(t.Context()); err != nil || len(got) != 1 || got[0].Value != 0 {
			t.Errorf("nobody listens: %v, %v; want 0", got, err)
		}
	}
}

func TestProcess(t *testing.T) {
	self, err := procfs.Self()
	if err != nil {
		t.Fatal(err)
	}
	stat, err := self.Stat()
	if err != nil {
		t.Fatal(err)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Fatal(err)
	}
	record := filepath.Join(t.TempDir(), "p.json")
	write := func(started uint64, boot string) {
		raw, err := json.Marshal(map[string]any{"pid": os.Getpid(), "start_time": json.Number(jsonUint(started)), "boot_id": boot})
		if err == nil {
			err = os.WriteFile(record, raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	clock := newHand()
	p, err := observe.NewProcess(observe.ProcessConfig{Record: record, CPU: "cpu", Memory: "rss", Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	write(stat.Starttime, strings.TrimSpace(string(boot)))
	first, err := p.Sample(t.Context())
	if _, has := byName(first)["cpu"]; has || byName(first)["rss"] < 1<<20 || len(observe.Missing(err)) != 1 {
		t.Errorf("first: %v, %v", first, err)
	}
	clock.at = clock.at.Add(time.Second)
	if second, err := p.Sample(t.Context()); err != nil || len(second) != 2 {
		t.Errorf("second: %v, %v", second, err)
	}
	write(stat.Starttime+1, strings.TrimSpace(string(boot)))
	if got, err := p.Sample(t.Context()); len(got) != 0 || len(observe.Missing(err)) != 2 {
		t.Errorf("reused pid: %v, %v", got, err)
	}
	write(stat.Starttime, "another")
	if got, err := p.Sample(t.Context()); len(got) != 0 || err == nil {
		t.Errorf("another boot: %v, %v", got, err)
	}
}

func jsonUint(n uint64) string {
	raw, _ := json.Marshal(n)
	return string(raw)
}

package observe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// HTTPProbeConfig configures HTTPProbe. A metric without a name is not taken.
type HTTPProbeConfig struct {
	URL     string
	Post    string            // JSON that is sent with POST; empty: GET
	Headers map[string]string // sent with each call
	Timeout time.Duration     // of one request, default 5 s
	Window  time.Duration     // over which outcomes are kept, default 10 s
	Status  int               // expected, default 200
	Body    string            // substring expected in the answer; empty: anything

	Availability  string // metric: share of requests answered in time with a status below 500
	ErrorRate     string // metric: share that missed the expectation, timed out or were refused
	ResponseTime  string // metric: slowest in the window, seconds; a timeout counts as its timeout
	P50, P95, P99 string // metrics: latency percentiles in the window, seconds
	DataAge       string // metric: age of the data in the answer, seconds
	DataAgePath   string // where the answer has its RFC 3339 time, as in data.0.timestamp
	Shares        []Share

	Client *http.Client
	Now    func() time.Time
}

// Validate reports all problems.
func (c HTTPProbeConfig) Validate() error {
	problems := []error{
		needed("probe URL", c.URL), notNegative("probe timeout", c.Timeout), notNegative("probe window", c.Window),
		needed("metric of probe "+c.URL, strings.Join(c.metrics(), "")),
	}
	if c.DataAge != "" {
		problems = append(problems, needed("path of "+c.DataAge, c.DataAgePath))
	}
	return errors.Join(problems...)
}

// metrics are the names of all that is taken, some of them empty.
func (c HTTPProbeConfig) metrics() []string {
	out := []string{c.Availability, c.ErrorRate, c.ResponseTime, c.P50, c.P95, c.P99, c.DataAge}
	for _, s := range c.Shares {
		out = append(out, s.Metric)
	}
	return out
}

// HTTPProbe asks one URL as a client would.
type HTTPProbe struct {
	cfg    HTTPProbeConfig
	now    func() time.Time
	header http.Header
	window []outcome
}

// NewHTTPProbe makes an HTTPProbe.
func NewHTTPProbe(cfg HTTPProbeConfig) (*HTTPProbe, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.Timeout, cfg.Window = orElse(cfg.Timeout, 5*time.Second), orElse(cfg.Window, 10*time.Second)
	if cfg.Status == 0 {
		cfg.Status = http.StatusOK
	}
	if cfg.Client == nil {
		cfg.Client = newClient()
	}
	header := http.Header{}
	for name, value := range cfg.Headers {
		header.Set(name, value)
	}
	return &HTTPProbe{cfg: cfg, now: clock(cfg.Now), header: header}, nil
}

// Sample makes one request and reads the window. A request cut short by the
// caller is no outcome.
func (p *HTTPProbe) Sample(ctx context.Context) ([]Reading, error) {
	last, body := p.ask(ctx)
	out := taken{at: p.now()}
	if err := ctx.Err(); err != nil {
		out.miss(err, p.cfg.metrics()...)
		return out.result()
	}
	p.window = append(p.window, last)
	for out.at.Sub(p.window[0].at) > p.cfg.Window && len(p.window) > 1 {
		p.window = p.window[1:]
	}
	p.shares(&out)
	p.latencies(&out)
	p.dataAge(&out, last, body)
	return out.result()
}

func (p *HTTPProbe) ask(ctx context.Context) (outcome, []byte) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	start := p.now()
	resp, body, err := ask(ctx, p.cfg.Client, p.cfg.URL, p.cfg.Post, p.header)
	end := p.now()
	o := outcome{at: end, took: end.Sub(start), err: err}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		o.timed, o.took = true, p.cfg.Timeout
		if err == nil { // it came too late to count
			o.err = fmt.Errorf("%s did not answer within %s", p.cfg.URL, p.cfg.Timeout)
		}
	case err == nil:
		o.timed = true
		for _, s := range p.cfg.Shares {
			o.kinds = append(o.kinds, s.of(resp, body))
		}
		o.answered = resp.StatusCode < http.StatusInternalServerError
		o.expected = resp.StatusCode == p.cfg.Status && bytes.Contains(body, []byte(p.cfg.Body))
		if !o.expected {
			o.err = fmt.Errorf("%s answered %s, %d bytes; expected status %d with %q", p.cfg.URL, resp.Status, len(body), p.cfg.Status, p.cfg.Body)
		}
	}
	return o, body
}

func (p *HTTPProbe) dataAge(out *taken, last outcome, body []byte) {
	if p.cfg.DataAge == "" {
		return
	}
	if !last.expected {
		out.miss(fmt.Errorf("asking for the data's time: %w", last.err), p.cfg.DataAge)
		return
	}
	at, err := timeAt(body, p.cfg.DataAgePath)
	if err != nil {
		out.miss(err, p.cfg.DataAge)
		return
	}
	out.add(p.cfg.DataAge, out.at.Sub(at).Seconds())
}

// timeAt follows a dotted path through objects and, by number, lists.
func timeAt(body []byte, path string) (time.Time, error) {
	var here any
	if err := json.Unmarshal(body, &here); err != nil {
		return time.Time{}, fmt.Errorf("reading answer as JSON: %w", err)
	}
	text, ok := at(here, path).(string)
	if !ok {
		return time.Time{}, fmt.Errorf("reading answer: no text at %s", path)
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading time at %s: %w", path, err)
	}
	return at, nil
}

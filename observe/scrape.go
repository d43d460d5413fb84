package observe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Series says how one metric is read from a Prometheus exposition.
type Series struct {
	Metric string            // name of the readings
	Name   string            // name in the exposition
	Labels map[string]string // those that must match; several matches are summed
	Rate   bool              // growth a second of a counter, else the value itself
}

// ScrapeConfig configures Scrape.
type ScrapeConfig struct {
	URL     string // of the text exposition
	Series  []Series
	Window  time.Duration // of rates: at least, and by default, 10 s
	Timeout time.Duration // default 2 s
	Client  *http.Client
	Now     func() time.Time
}

// Validate reports all problems.
func (c ScrapeConfig) Validate() error {
	problems := []error{needed("scrape URL", c.URL), notNegative("scrape timeout", c.Timeout)}
	if c.Window != 0 && c.Window < minWindow {
		problems = append(problems, fmt.Errorf("checking sampler: rate window is %s; write at least %s", c.Window, minWindow))
	}
	if len(c.Series) == 0 {
		problems = append(problems, errors.New("checking sampler: a scrape of no series; name at least one"))
	}
	for _, s := range c.Series {
		problems = append(problems, needed("metric of a scraped series", s.Metric), needed("series name of "+s.Metric, s.Name))
	}
	return errors.Join(problems...)
}

// minWindow is the shortest stretch over which a rate means something: at the
// recorded pace trades come in bursts.
const minWindow = 10 * time.Second

// Scrape reads several metrics from one Prometheus text exposition.
type Scrape struct {
	cfg      ScrapeConfig
	now      func() time.Time
	counters map[string]*counter
}

// NewScrape makes a Scrape.
func NewScrape(cfg ScrapeConfig) (*Scrape, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.Window, cfg.Timeout = orElse(cfg.Window, minWindow), orElse(cfg.Timeout, 2*time.Second)
	if cfg.Client == nil {
		cfg.Client = newClient()
	}
	s := &Scrape{cfg: cfg, now: clock(cfg.Now), counters: make(map[string]*counter)}
	for _, series := range cfg.Series {
		s.counters[series.Metric] = &counter{}
	}
	return s, nil
}

// Sample scrapes once. A source that does not answer gives no reading; a rate
// has none until its window is full.
func (s *Scrape) Sample(ctx context.Context) ([]Reading, error) {
	families, err := s.scrape(ctx)
	out := taken{at: s.now()}
	for _, series := range s.cfg.Series {
		if err != nil {
			out.miss(err, series.Metric)
			continue
		}
		s.read(&out, families, series)
	}
	return out.result()
}

func (s *Scrape) read(out *taken, families families, series Series) {
	value, ok := families.sum(series.Name, series.Labels)
	switch {
	case !ok:
		out.miss(fmt.Errorf("%s has no series %s with labels %v", s.cfg.URL, series.Name, series.Labels), series.Metric)
		return
	case math.IsNaN(value) || math.IsInf(value, 0):
		out.miss(fmt.Errorf("series %s is %v", series.Name, value), series.Metric)
		return
	case !series.Rate:
		out.add(series.Metric, value)
		return
	}
	c := s.counters[series.Metric]
	c.add(out.at, value, s.cfg.Window)
	if rate, ok := c.rate(s.cfg.Window); ok {
		out.add(series.Metric, rate)
		return
	}
	out.miss(fmt.Errorf("the rate needs %s of samples first", s.cfg.Window), series.Metric)
}

func (s *Scrape) scrape(ctx context.Context) (families, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	header := http.Header{"Accept": {"text/plain; version=0.0.4"}}
	resp, body, err := get(ctx, s.cfg.Client, s.cfg.URL, header)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", s.cfg.URL, resp.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	parsed, err := parser.TextToMetricFamilies(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("parsing exposition of %s: %w", s.cfg.URL, err)
	}
	return parsed, nil
}

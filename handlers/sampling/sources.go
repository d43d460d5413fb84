// Package sampling polls the metrics of platforms, once for however many
// experiments watch them, and beats the clocks of experiments.
package sampling

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/k2-platform/faultline/observe"
	"github.com/k2-platform/faultline/spec"
)

const (
	healthyPrefix = "healthy."
	// probeTimeout is the timeout of a probe that names none.
	probeTimeout = 5 * time.Second
	// healthTimeout is that of each check of a service's health.
	healthTimeout = 2 * time.Second
)

// source is one thing to ask that answers with one or more readings. Two with
// the same key are the same.
type source struct {
	key  string
	open func() (observe.Sampler, func(), error)
	// patience is how long one poll must be let go on: where a timeout is an
	// answer too, the poll may not end before it. Zero asks for nothing.
	patience time.Duration
}

// sources finds what to ask for the named metrics. A name that the platform
// and the document do not have is an error that lists those they have.
func sources(p spec.Platform, extra map[string]spec.Metric, wanted []string, inspect observe.Inspector) ([]source, error) {
	known := maps.Clone(p.Metrics)
	if known == nil {
		known = map[string]spec.Metric{}
	}
	maps.Copy(known, extra)
	g := grouping{platform: p, inspect: inspect, probes: map[string]map[string]string{}}
	var problems []error
	for _, name := range wanted {
		if service, ok := strings.CutPrefix(name, healthyPrefix); ok {
			problems = append(problems, g.health(service))
			continue
		}
		m, ok := known[name]
		if !ok {
			problems = append(problems, fmt.Errorf("finding metric %s: the platform has %s", name,
				strings.Join(slices.Sorted(maps.Keys(known)), ", ")))
			continue
		}
		problems = append(problems, g.metric(name, m))
	}
	g.probe()
	return g.found, errors.Join(problems...)
}

// grouping collects the sources of a set of metrics. The measures of one HTTP
// probe are taken together: they speak of the same requests.
type grouping struct {
	platform spec.Platform
	inspect  observe.Inspector
	found    []source
	probes   map[string]map[string]string // probe → measure → metric
}

// add notes a source whose key is all that it depends on.
func (g *grouping) add(open func() (observe.Sampler, func(), error), key ...any) error {
	text, err := json.Marshal(key)
	if err != nil {
		return fmt.Errorf("naming a source: %w", err)
	}
	g.found = append(g.found, source{key: string(text), open: open})
	return nil
}

// plain is a sampler that holds nothing to close.
func plain[S observe.Sampler](s S, err error) (observe.Sampler, func(), error) {
	return s, func() {}, err
}

func (g *grouping) health(service string) error {
	h, ok := g.platform.Services[service]
	if !ok {
		return fmt.Errorf("finding service %s: the platform has %s", service,
			strings.Join(slices.Sorted(maps.Keys(g.platform.Services)), ", "))
	}
	cfg := observe.HealthConfig{Service: service, HTTP: h.HTTP, TCP: h.TCP, Kafka: h.Kafka, Timeout: healthTimeout}
	if err := g.add(func() (observe.Sampler, func(), error) { return plain(observe.NewHealth(cfg)) }, "health", service, h); err != nil {
		return err
	}
	g.found[len(g.found)-1].patience = 3*healthTimeout + time.Second // one check after the other
	return nil
}

func (g *grouping) metric(name string, m spec.Metric) error {
	switch {
	case m.Scrape != nil:
		return g.scrape(name, *m.Scrape)
	case m.Probe != nil:
		if g.probes[m.Probe.Name] == nil {
			g.probes[m.Probe.Name] = map[string]string{}
		}
		g.probes[m.Probe.Name][m.Probe.Measure+m.Probe.Answer] = name
		return nil
	case m.PromQL != nil:
		q := *m.PromQL
		return g.add(func() (observe.Sampler, func(), error) {
			return plain(observe.NewPromQL(observe.PromQLConfig{Address: q.URL, Queries: map[string]string{name: q.Query}}))
		}, "promql", name, q)
	case m.Process != nil:
		return g.process(name, *m.Process)
	case m.Kafka != nil:
		return g.kafka(name, *m.Kafka)
	case m.Table != nil:
		return g.table(name, *m.Table)
	}
	return fmt.Errorf("finding metric %s: it names no source", name)
}

func (g *grouping) scrape(name string, s spec.ScrapeSource) error {
	one, err := series(name, s.Series, s.Rate)
	if err != nil {
		return err
	}
	return g.add(func() (observe.Sampler, func(), error) {
		return plain(observe.NewScrape(observe.ScrapeConfig{
			URL: s.URL, Window: time.Duration(s.Window), Series: []observe.Series{one},
		}))
	}, "scrape", name, s)
}

// probe adds one source for each HTTP probe that a metric speaks of.
func (g *grouping) probe() {
	for _, name := range slices.Sorted(maps.Keys(g.probes)) {
		measures, p := g.probes[name], g.platform.Probes[name]
		cfg := observe.HTTPProbeConfig{
			URL: p.URL, Post: p.Post, Headers: p.Headers, Timeout: cmp.Or(time.Duration(p.Timeout), probeTimeout), Window: time.Duration(p.Window), Status: p.Status, Body: p.Contains,
			Availability: measures["availability"], ErrorRate: measures["error_rate"], ResponseTime: measures["response_time"],
			P50: measures["latency_p50"], P95: measures["latency_p95"], P99: measures["latency_p99"],
			DataAge: measures["data_age"], DataAgePath: p.AgeField,
		}
		for _, kind := range slices.Sorted(maps.Keys(p.Answers)) {
			if metric := measures[spec.MeasureShare+kind]; metric != "" {
				a := p.Answers[kind]
				cfg.Shares = append(cfg.Shares, observe.Share{Metric: metric, Status: a.Status, Header: a.Header, Body: a.Contains, Fields: a.Fields})
			}
		}
		if cfg.DataAge == "" {
			cfg.DataAgePath = ""
		}
		// A probe always has a key: its parts are text and numbers.
		_ = g.add(func() (observe.Sampler, func(), error) { return plain(observe.NewHTTPProbe(cfg)) }, "probe", name, p, measures)
		g.found[len(g.found)-1].patience = cfg.Timeout + time.Second
	}
}

func (g *grouping) process(name string, s spec.ProcessSource) error {
	cfg := observe.ProcessConfig{Record: s.Record}
	switch s.Measure {
	case "cpu_cores":
		cfg.CPU = name
	case "rss_bytes":
		cfg.Memory = name
	default:
		return fmt.Errorf("finding metric %s: a process has no %q; write cpu_cores or rss_bytes", name, s.Measure)
	}
	return g.add(func() (observe.Sampler, func(), error) { return plain(observe.NewProcess(cfg)) }, "process", name, s)
}

func (g *grouping) kafka(name string, s spec.KafkaSource) error {
	brokers := s.Brokers
	if len(brokers) == 0 {
		brokers = g.platform.Kafka
	}
	replicas := observe.KafkaReplicasConfig{Topics: s.Topics}
	switch s.Measure {
	case "lag":
	case "under_replicated":
		replicas.UnderReplicated = name
	case "brokers":
		replicas.Brokers = name
	case "worst_offline":
		replicas.WorstOffline = name
	case "leaderless":
		replicas.Leaderless = name
	default:
		return fmt.Errorf("finding metric %s: Kafka has no %q; write lag, under_replicated, brokers, worst_offline or leaderless", name, s.Measure)
	}
	return g.add(func() (observe.Sampler, func(), error) {
		admin, err := observe.KafkaAdmin(brokers)
		if err != nil {
			return nil, nil, err
		}
		var sampler observe.Sampler
		if s.Measure == "lag" {
			sampler, err = observe.NewKafkaLag(observe.KafkaLagConfig{Admin: admin, Group: s.Group, Topics: s.Topics, Metric: name})
		} else {
			replicas.Admin = admin
			sampler, err = observe.NewKafkaReplicas(replicas)
		}
		return sampler, admin.Close, err
	}, "kafka", name, s, brokers)
}

func (g *grouping) table(name string, s spec.TableSource) error {
	if g.inspect == nil {
		return fmt.Errorf("finding metric %s: this process has no lake to ask for table %s.%s", name, s.Namespace, s.Name)
	}
	cfg := observe.TableConfig{Inspector: g.inspect, Namespace: s.Namespace, Name: s.Name}
	switch s.Measure {
	case "rows":
		cfg.Rows = name
	case "freshness":
		cfg.Freshness = name
	case "snapshot_age":
		cfg.SnapshotAge = name
	default:
		return fmt.Errorf("finding metric %s: a table has no %q; write rows, freshness or snapshot_age", name, s.Measure)
	}
	return g.add(func() (observe.Sampler, func(), error) { return plain(observe.NewTable(cfg)) }, "table", name, s)
}

// Package k2 describes the K2-shaped sandbox as a platform: what can be broken
// and what can be measured. It starts nothing and imports nothing heavy, so
// that documents can be checked while no sandbox runs.
package k2

import (
	"maps"
	"strings"
	"time"

	"github.com/k2-platform/faultline/spec"
)

// Topics, consumer group and table of the sandbox.
const (
	TradesTopic = "market.equities.trades.asx"
	DeadLetters = TradesTopic + ".dlq"
	SinkGroup   = "k2-iceberg-writer"
	Namespace   = "market_data"
	TradesTable = "trades_v2"

	// Links of the sandbox's link proxy.
	SinkStoreLink  = "sink-to-store"
	QueryStoreLink = "query-to-store"

	tradesSubject = TradesTopic + "-value" // of the topic's schemas in the registry
)

const window = spec.Duration(10 * time.Second)

// Addresses is where the services of a running sandbox answer, as host:port,
// and where they write their process records. The zero value describes a
// sandbox that does not run: its names are right, its places are empty.
type Addresses struct {
	Kafka, BrokerHealth, Registry, Store, Ingest, Sink, Query string

	Records string // folder of the process records
	Given   Given
	Proxy   *Proxy // between Kafka and its clients; nil: they reach it directly
	Links   string // control of the link proxy between the store and its clients; "": they reach it directly
}

// Proxy is a Kafka proxy that faults can be injected into.
type Proxy struct {
	Kafka   string // where clients bootstrap, host:port
	Control string // as in spec.KafkaProxy
}

// Anywhere describes a sandbox that does not run, with all that one can have,
// of brokers that it may be given three.
func Anywhere() spec.Platform {
	p := Platform(Addresses{Proxy: &Proxy{}, Links: "unix:///links.sock"})
	for _, name := range []spec.TargetName{"kafka-1", "kafka-2", "kafka-3"} {
		p.Targets[name] = Server{Name: name, Record: string(name) + ".json"}.target("Kafka broker " + string(name))
	}
	return p
}

// Platform describes a sandbox.
func Platform(a Addresses) spec.Platform {
	p := spec.Platform{
		Version: "v1", Name: "k2-sandbox", Environment: "development", Kafka: a.brokers(),
		Targets: targets(a), Services: services(a), Probes: probes(a), Metrics: metrics(a), Books: books(a),
	}
	maps.Copy(p.Probes, ingestionProbes(a))
	maps.Copy(p.Metrics, ingestionMetrics(a))
	return p
}

func (a Addresses) brokers() []string { return strings.Split(a.Kafka, ",") }

func targets(a Addresses) map[spec.TargetName]spec.Target {
	process := func(name, title string, h spec.Health) spec.Target {
		return spec.Target{Title: title, Process: &spec.Process{Record: a.Records + "/" + name + ".json"}, Health: &h}
	}
	out := map[spec.TargetName]spec.Target{
		"kafka":           process("broker", "the Kafka broker", spec.Health{Kafka: a.Kafka}),
		"schema-registry": process("registry", "the schema registry", health(a.Registry)),
		"store":           process("store", "the object store", health(a.Store)),
		"ingestion":       process("ingest", "the ingestion service", health(a.Ingest)),
		"sink":            process("sink", "the Iceberg sink", health(a.Sink)),
		"query":           process("query", "the query service", health(a.Query)),

		"trades-topic":   {Title: "the topic of the trades", Topic: &spec.Topic{Name: TradesTopic}},
		"trades-subject": {Title: "the schemas of the trades", Registry: &spec.Registry{URL: a.registry(), Subject: tradesSubject, Lower: a.Given.Lower}},
		"trades-table":   {Title: "the table of the trades", Table: &spec.Table{Namespace: Namespace, Name: TradesTable}},
	}
	if p := a.Proxy; p != nil {
		takes := spec.Health{TCP: p.Kafka}
		out["kafka-proxy"] = spec.Target{Title: "what passes the Kafka proxy", KafkaProxy: &spec.KafkaProxy{Control: p.Control}, Health: &takes}
		out["kafka-proxy-process"] = process("kafka-proxy", "the Kafka proxy itself", takes)
	}
	if a.Links != "" {
		link := func(name string, from spec.TargetName) spec.Target {
			return spec.Target{Title: "what the " + string(from) + " and the store say to each other", Link: &spec.Link{Control: a.Links, Name: name, From: from, To: "store"}}
		}
		out["sink-store-link"], out["query-store-link"] = link(SinkStoreLink, "sink"), link(QueryStoreLink, "query")
		out["store-links"] = spec.Target{Title: "what anybody and the store say to each other", Members: []spec.TargetName{"sink-store-link", "query-store-link"}}
		out["link-proxy-process"] = spec.Target{Title: "the link proxy itself", Process: &spec.Process{Record: a.Records + "/links.json"}}
	}
	a.Given.replace(out)
	return out
}

func health(addr string) spec.Health { return spec.Health{HTTP: "http://" + addr + "/health"} }

func services(a Addresses) map[string]spec.Health {
	need := func(h spec.Health, t spec.TargetName) spec.Health {
		h.Needs = t
		return h
	}
	registry := health(a.Registry)
	if r := a.Given.Registry; r != nil {
		registry = r.Health
	}
	out := map[string]spec.Health{
		"kafka":           need(spec.Health{Kafka: a.Kafka}, "kafka"),
		"schema_registry": need(registry, "schema-registry"),
		"store":           need(a.store(), "store"),
		"ingestion":       need(health(a.Ingest), "ingestion"),
		"query":           need(health(a.Query), "query"),
		"api":             need(spec.Health{HTTP: tradesURL(a)}, "query"),
	}
	if p := a.Proxy; p != nil {
		out["kafka_proxy"] = need(spec.Health{Kafka: p.Kafka}, "kafka-proxy")
	}
	return out
}

func tradesURL(a Addresses) string { return "http://" + a.Query + "/api/v1/trades?limit=10" }

func probes(a Addresses) map[string]spec.Probe {
	return map[string]spec.Probe{"api": {
		URL: tradesURL(a), Timeout: spec.Duration(6 * time.Second), Status: 200,
		Contains: `"success":true`, AgeField: "meta.newest", Window: window, Answers: answers(),
	}}
}

// answers are the kinds of answers of the query API. A fallback counts only
// with its marker, with rows, and with the age of its data.
func answers() map[string]spec.Answer {
	return map[string]spec.Answer{
		"fallback":    {Status: 200, Header: map[string]string{"X-Fallback": "true"}, Fields: []string{"meta.age_seconds", "meta.newest", "data.0"}},
		"degraded":    {Status: 200, Header: map[string]string{"X-Degraded": "true"}, Fields: []string{"meta.age_seconds", "data.0"}},
		"unavailable": {Status: 503, Contains: `"error":"storage_unavailable"`},
		"corrupt":     {Status: 503, Contains: "corruption"},
		"refusing":    {Status: 503},
		"answering":   {Status: 200},
	}
}

func metrics(a Addresses) map[string]spec.Metric {
	rate := func(series string) spec.Metric {
		return spec.Metric{Unit: "records/s", Needs: "ingestion", Scrape: &spec.ScrapeSource{
			URL: "http://" + a.Ingest + "/metrics", Series: series, Rate: true, Window: window,
		}}
	}
	api := func(unit, measure string) spec.Metric {
		return spec.Metric{Unit: unit, Needs: "query", Probe: &spec.ProbeSource{Name: "api", Measure: measure}}
	}
	share := func(kind string) spec.Metric {
		return spec.Metric{Unit: "share", Needs: "query", Probe: &spec.ProbeSource{Name: "api", Measure: spec.MeasureShare, Answer: kind}}
	}
	query := func(unit, series string) spec.Metric {
		return spec.Metric{Unit: unit, Needs: "query", Scrape: &spec.ScrapeSource{URL: "http://" + a.Query + "/metrics", Series: series}}
	}
	process := func(unit, measure string) spec.Metric {
		return spec.Metric{Unit: unit, Needs: "ingestion", Process: &spec.ProcessSource{Record: a.Records + "/ingest.json", Measure: measure}}
	}
	kafka := func(unit, measure string) spec.Metric {
		return spec.Metric{Unit: unit, Needs: "kafka", Kafka: &spec.KafkaSource{
			Brokers: a.brokers(), Measure: measure, Group: SinkGroup, Topics: []string{TradesTopic},
		}}
	}
	table := func(unit, measure string) spec.Metric {
		return spec.Metric{Unit: unit, Needs: "store", Table: &spec.TableSource{Namespace: Namespace, Name: TradesTable, Measure: measure}}
	}
	return map[string]spec.Metric{
		"ingestion_rate": rate("ingest_acked_total"), "offered_rate": rate("ingest_offered_total"),
		"ingestion_gap": {Unit: "s", Needs: "ingestion", Scrape: &spec.ScrapeSource{
			URL: "http://" + a.Ingest + "/metrics", Series: "ingest_longest_gap_seconds",
		}},
		"mean_price": {Unit: "AUD", Needs: "sink", Scrape: &spec.ScrapeSource{URL: "http://" + a.Sink + "/metrics", Series: "sink_mean_price"}},

		"availability": api("share", "availability"), "error_rate": api("share", "error_rate"),
		"response_time": api("s", "response_time"), "query_latency_p95": api("s", "latency_p95"), "data_age": api("s", "data_age"),
		"fallback_share": share("fallback"), "degraded_share": share("degraded"), "storage_unavailable_share": share("unavailable"),
		"corruption_share": share("corrupt"), "status_200_share": share("answering"), "status_503_share": share("refusing"),
		"breaker_open": query("0 or 1", "query_breaker_open"), "degraded": query("0 or 1", "query_degraded"),
		"storage_damaged": query("0 or 1", "query_storage_damaged"), "fallback_age": query("s", "query_view_age_seconds"),
		"memory_usage": process("bytes", "rss_bytes"), "cpu_usage": process("cores", "cpu_cores"),
		"consumer_lag": kafka("records", "lag"), "under_replicated_partitions": kafka("partitions", "under_replicated"),
		"brokers_present": kafka("brokers", "brokers"),
		"table_rows":      table("rows", "rows"), "table_freshness": table("s", "freshness"), "snapshot_age": table("s", "snapshot_age"),
	}
}

func books(a Addresses) map[string]spec.Books {
	return map[string]spec.Books{"trades": {
		Receipts: "http://" + a.Ingest, Brokers: a.brokers(), Topic: TradesTopic, DeadLetters: DeadLetters,
		Namespace: Namespace, Table: TradesTable, Key: "trade_id",
		Compare: []string{"price", "quantity"}, Mapping: tradesMapping(a), Moment: "ingestion_timestamp", Group: SinkGroup,
		Windows:   &spec.Windows{By: []string{"exchange", "symbol"}, Price: "price", Quantity: "quantity"},
		Sequences: []spec.Sequence{{Column: "platform_sequence"}},
	}}
}

package k2

import (
	"net"

	"github.com/k2-platform/faultline/spec"
)

// Where the services of the sandbox are as containers: docker-compose.yml gives
// them these addresses, profile sandbox. They are the containers' own, since
// what a published port answers is the engine's proxy, which takes connections
// for a service that does not.
const (
	boxedBroker   = "10.214.8.10"
	boxedRegistry = "10.214.8.11"
	boxedStore    = "10.214.8.12"
	boxedSink     = "10.214.8.13"
	boxedQuery    = "10.214.8.14"
	boxedIngest   = "10.214.8.15"

	boxedHTTP  = "8080"
	boxedKafka = "9092"

	// The Kafka proxy of profile sandbox-proxy is on the host's network.
	boxedProxy   = "10.214.8.1:9192"
	boxedControl = "unix:///var/lib/faultline-sandbox/kafka-proxy.sock"
)

// Containers describes the sandbox as containers: all that a sandbox of
// processes is called, so that documents do not tell one from the other. What
// service and store say to each other is traffic of the store's container.
// deploy/sandbox/platform.yaml is this, as text.
func Containers() spec.Platform {
	at := func(host string) string { return net.JoinHostPort(host, boxedHTTP) }
	a := Addresses{
		Kafka: net.JoinHostPort(boxedBroker, boxedKafka), BrokerHealth: at(boxedBroker), Registry: at(boxedRegistry), Store: at(boxedStore),
		Sink: at(boxedSink), Query: at(boxedQuery), Ingest: at(boxedIngest), Links: "replaced below", Proxy: &Proxy{Kafka: boxedProxy, Control: boxedControl},
	}
	p := Platform(a)
	p.Name += "-containers"
	for target, service := range map[spec.TargetName]string{
		"kafka": "broker", "schema-registry": "registry", "store": "store", "sink": "sink", "query": "query", "ingestion": "ingest",
		"kafka-proxy-process": "kafka-proxy",
	} {
		t := p.Targets[target]
		t.Process, t.Container = nil, box(service)
		p.Targets[target] = t
	}
	delete(p.Targets, "link-proxy-process")
	for target, source := range map[spec.TargetName]string{"sink-store-link": boxedSink, "query-store-link": boxedQuery} {
		t := p.Targets[target]
		t.Link, t.Network = nil, &spec.Network{Container: box("store"), Ports: []int{8080}, Sources: []string{source}}
		p.Targets[target] = t
	}
	// Nobody outside of a container has its process record: the service tells.
	own := func(unit, series string, rate bool) spec.Metric {
		s := spec.ScrapeSource{URL: "http://" + a.Ingest + "/metrics", Series: series, Rate: rate}
		if rate {
			s.Window = window
		}
		return spec.Metric{Unit: unit, Needs: "ingestion", Scrape: &s}
	}
	p.Metrics["memory_usage"] = own("bytes", "process_resident_memory_bytes", false)
	p.Metrics["cpu_usage"] = own("cores", "process_cpu_seconds_total", true)
	return p
}

func box(service string) *spec.Container {
	return &spec.Container{Name: "faultline-sandbox-" + service}
}

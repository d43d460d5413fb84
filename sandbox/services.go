package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"strconv"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/ingest"
	"github.com/k2-platform/faultline/sandbox/k2"
	"github.com/k2-platform/faultline/sandbox/query"
	"github.com/k2-platform/faultline/sandbox/registry"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/sandbox/store"
)

// Addresses is where the services listen, host:port each. All but Kafka and
// Proxy are HTTP.
type Addresses struct {
	Kafka    string            // as in Config where that names one
	Broker   string            // health and metrics of the sandbox's own broker
	Proxy    string            // Kafka as ingestion and sink reach it; "" when the proxy was not asked for
	Registry string            // as in Config where that names one
	Store    string            // "" when the store was not asked for
	Links    map[string]string // to the store, by their names; nil when they were not asked for
	Ingest   string
	Sink     string
	Query    string
}

// names lists the services in the order in which they start. Ingest comes
// last, so that whoever reads the platform sees it from its first trade.
func (c Config) names() []string {
	var out []string
	if c.Kafka == "" {
		out = append(out, broker.Name)
	}
	if c.Registry == "" {
		out = append(out, registry.Name)
	}
	if c.Store {
		out = append(out, store.Name)
	}
	if len(c.Links) > 0 {
		out = append(out, LinksName)
	}
	if len(c.Proxy) > 0 {
		out = append(out, ProxyName)
	}
	return append(out, sink.Name, query.Name, ingest.Name)
}

func (a *Addresses) set(home, name, addr string) (err error) {
	switch name {
	case broker.Name:
		a.Broker = addr
		a.Kafka, err = broker.Addr(home)
	case ProxyName:
		a.Proxy = addr
	case LinksName:
		var rec process.Record
		rec, err = process.Read(service.RecordPath(home, name))
		a.Links = rec.Addrs
	case registry.Name:
		a.Registry = addr
	case store.Name:
		a.Store = addr
	case sink.Name:
		a.Sink = addr
	case query.Name:
		a.Query = addr
	case ingest.Name:
		a.Ingest = addr
	}
	if err != nil {
		return fmt.Errorf("finding the address of %s: %w", name, err)
	}
	return nil
}

// clients is the Kafka of ingestion and sink.
func (a Addresses) clients() string { return cmp.Or(a.Proxy, a.Kafka) }

// command is the command line of a service:
//
//	broker|registry|store --home H
//	kafka-proxy, as proxyCommand says
//	links, as linksCommand says
//	sink   --home H --kafka A --registry A [LakeArgs]
//	query  --home H [LakeArgs]
//	ingest --home H --kafka A --registry A --seed N [--trades DIR] [--rate N] [--control-group DIR]
//
// and --defect D for each that the service reads.
func (c Config) command(ctx context.Context, name string, at Addresses) ([]string, error) {
	switch name {
	case ProxyName:
		return c.proxyCommand(ctx, at)
	case LinksName:
		return c.linksCommand(ctx, at)
	}
	argv := append(append([]string{}, c.Self...), name, "--home", c.Home)
	switch name {
	case sink.Name:
		argv = append(argv, "--kafka", at.clients(), "--registry", at.Registry)
		argv = append(append(argv, c.LakeArgs...), at.over(k2.SinkStoreLink)...)
	case query.Name:
		argv = append(append(argv, c.LakeArgs...), at.over(k2.QueryStoreLink)...)
	case ingest.Name:
		argv = append(argv, "--kafka", at.clients(), "--registry", at.Registry, "--seed", strconv.FormatUint(c.Seed, 10))
		if c.Trades != "" {
			argv = append(argv, "--trades", c.Trades)
		}
		if c.Rate != 0 {
			argv = append(argv, "--rate", strconv.Itoa(c.Rate))
		}
	}
	return append(argv, c.Defects.Args(name)...), nil
}

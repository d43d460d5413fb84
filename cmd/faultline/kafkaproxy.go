package main

import (
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/faults/kafkaproxy/appender"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// proxyFlags are what a Kafka proxy is told.
type proxyFlags struct {
	brokers                   []string
	listen, ports, advertise  string
	cert, key, ca             string
	upstreamTLS               bool
	upCert, upKey, upCA, name string
	raw                       []string
	maxConnections            int

	redirect      string // network namespace; "host" is the proxy's own
	redirectPorts []int
	redirectRaw   bool

	controlFlags
	registry string
	seed     uint64
	sasl     appender.SASL // of the proxy's own producer
	password string        // file
}

func kafkaProxyCommand(w *where) *cobra.Command {
	var f proxyFlags
	cmd := &cobra.Command{
		Use: "kafka-proxy", Short: "A proxy between Kafka clients and brokers that faults are injected into", Args: cobra.NoArgs,
		Long: "Listens for each broker, and writes its own addresses into what the brokers say, so that clients that\n" +
			"bootstrap at the proxy stay with it. As long as no fault is injected it passes everything on. It ends\n" +
			"TLS with its own certificate, and speaks TLS to the brokers with --upstream-tls; SASL passes through.\n" +
			"With --redirect the connections of a network namespace are led to it, without the clients' knowledge.\n" +
			"Faults come from an experiment, by the control socket, or with --fault for as long as the proxy runs.\n" +
			"Which records they touched is in a journal below the state folder, and goes to chaos.ground-truth.\n" +
			"Runs until it is interrupted. Prints one line once it is ready.",
		Example: "  faultline kafka-proxy --brokers kafka1:9092,kafka2:9092 --listen 127.0.0.1:19092 --ports 19093-19099\n" +
			"  kcat -b 127.0.0.1:19092 -L\n" +
			"  faultline kafka-proxy --brokers kafka1:9092 --fault 'kafka.delay delay=200ms api=Fetch client_id=sink'\n" +
			"  faultline kafka-proxy --redirect /run/netns/app --redirect-ports 9092",
		RunE: func(cmd *cobra.Command, _ []string) error { return w.kafkaProxy(cmd, f) },
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.brokers, "brokers", nil, "bootstrap addresses of the cluster, host:port by comma; tried in order")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:9092", "where clients bootstrap; the listeners of brokers are on the same host")
	flags.StringVar(&f.ports, "ports", "", "range of ports for the brokers, such as 19093-19099: broker n has the nth from the first on; default any that is free")
	flags.StringVar(&f.advertise, "advertise", "", "host that clients are told; default that of --listen, or the one they came to")
	flags.StringVar(&f.cert, "tls-cert", "", "certificate of the proxy, PEM; clients then speak TLS")
	flags.StringVar(&f.key, "tls-key", "", "key of that certificate, PEM")
	flags.StringVar(&f.ca, "tls-ca", "", "CA that clients must have a certificate of, PEM; default they need none")
	flags.BoolVar(&f.upstreamTLS, "upstream-tls", false, "speak TLS to the brokers")
	flags.StringVar(&f.upCert, "upstream-cert", "", "client certificate for the brokers, PEM")
	flags.StringVar(&f.upKey, "upstream-key", "", "key of that certificate, PEM")
	flags.StringVar(&f.upCA, "upstream-ca", "", "CA of the brokers, PEM; default those of the system")
	flags.StringVar(&f.name, "upstream-server-name", "", "name in the brokers' certificates; default each broker's host")
	flags.StringSliceVar(&f.raw, "raw", nil, "pass a broker's TLS through unread, as listen=broker, such as 127.0.0.1:19093=kafka1:9093: faults of bytes only; may repeat")
	flags.IntVar(&f.maxConnections, "max-connections", 0, "connections at once; default 4096")
	flags.StringVar(&f.redirect, "redirect", "", "network namespace of the clients, such as /run/netns/app, or host: what they open to --redirect-ports is led here; needs root, or for host CAP_NET_ADMIN alone")
	flags.IntSliceVar(&f.redirectPorts, "redirect-ports", []int{9092}, "ports of the brokers that --redirect leads")
	flags.BoolVar(&f.redirectRaw, "redirect-raw", false, "what --redirect leads is TLS that passes through unread: faults of bytes only")
	f.add(flags, "folder of its journal, and of its socket where --control names no other; default the state folder")
	flags.StringVar(&f.registry, "registry", "", "URL of the schema registry that values are read with, where a fault names no other")
	flags.Uint64Var(&f.seed, "seed", 1, "of what a corruption draws")
	flags.StringVar(&f.sasl.Mechanism, "producer-sasl", "", "SASL mechanism of the proxy's own producer, which kafka.duplicate needs: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
	flags.StringVar(&f.sasl.User, "producer-user", "", "its user")
	flags.StringVar(&f.password, "producer-password-file", "", "file with its password")
	p := kafkaProxy()
	cmd.AddCommand(p.statusCommand(w), p.faultsCommand())
	return cmd
}

func kafkaProxy() proxyOf {
	return proxyOf{command: "kafka-proxy", title: "a Kafka proxy", kinds: rule.Kinds, state: func(home string) string { return home }}
}

// config is what the flags say.
func (f proxyFlags) config(log *slog.Logger) (relay.Config, error) {
	c := relay.Config{Brokers: f.brokers, Listen: f.listen, Advertise: f.advertise, MaxConnections: f.maxConnections, Log: log}
	var err error
	if c.Ports, err = portRange(f.ports); err != nil {
		return c, err
	}
	if c.Raw, err = rawListeners(f.raw); err != nil {
		return c, err
	}
	if c.TLS, err = f.server(); err != nil {
		return c, err
	}
	if c.Upstream, err = f.client(); err != nil {
		return c, err
	}
	if f.redirect != "" {
		c.Brokers, c.LedRaw = nil, f.redirectRaw // brokers are for the proxy's own producer
		return c, nil
	}
	return c, c.Validate()
}

func portRange(s string) (relay.Ports, error) {
	if s == "" {
		return relay.Ports{}, nil
	}
	first, last, ok := strings.Cut(s, "-")
	a, err := strconv.Atoi(first)
	b, err2 := strconv.Atoi(last)
	if !ok || err != nil || err2 != nil {
		return relay.Ports{}, fmt.Errorf("reading --ports %q: write the first and the last, such as 19093-19099", s)
	}
	return relay.Ports{First: a, Last: b}, nil
}

// rawListeners reads pairs of listen=broker.
func rawListeners(pairs []string) (map[string]string, error) {
	all := make(map[string]string, len(pairs))
	for _, p := range pairs {
		listen, broker, ok := strings.Cut(p, "=")
		if _, _, err := net.SplitHostPort(listen); !ok || err != nil {
			return nil, fmt.Errorf("reading --raw %q: write where to listen and the broker, such as 127.0.0.1:19093=kafka1:9093", p)
		}
		if other, twice := all[broker]; twice {
			return nil, fmt.Errorf("reading --raw %q: broker %s has the listener %s already", p, broker, other)
		}
		all[broker] = listen
	}
	return all, nil
}

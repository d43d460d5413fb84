package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
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
}

func kafkaProxyCommand() *cobra.Command {
	var f proxyFlags
	cmd := &cobra.Command{
		Use: "kafka-proxy", Short: "A proxy between Kafka clients and brokers that faults are injected into", Args: cobra.NoArgs,
		Long: "Listens for each broker, and writes its own addresses into what the brokers say, so that clients that\n" +
			"bootstrap at the proxy stay with it. As long as no fault is injected it passes everything on. It ends\n" +
			"TLS with its own certificate, and speaks TLS to the brokers with --upstream-tls; SASL passes through.\n" +
			"Runs until it is interrupted. Prints one line once it is ready.",
		Example: "  faultline kafka-proxy --brokers kafka1:9092,kafka2:9092 --listen 127.0.0.1:19092 --ports 19093-19099\n" +
			"  kcat -b 127.0.0.1:19092 -L",
		RunE: func(cmd *cobra.Command, _ []string) error { return kafkaProxy(cmd, f) },
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
	return cmd
}

func kafkaProxy(cmd *cobra.Command, f proxyFlags) error {
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
	config, err := f.config(log)
	if err != nil {
		return err
	}
	return serveKafka(cmd.Context(), config, cmd.OutOrStdout())
}

// serveKafka runs the proxy until ctx ends.
func serveKafka(ctx context.Context, config relay.Config, out io.Writer) error {
	signal.Ignore(syscall.SIGPIPE) // whoever started it may be gone: clients are not
	proxy, err := relay.New(config)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "kafka-proxy is ready, bootstrap: %s\n", proxy.Addr()) //nolint:errcheck // whoever does not read it need not know
	return proxy.Run(ctx)
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

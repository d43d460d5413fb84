package relay

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"
)

// Config says where a proxy listens, and what is behind it. Brokers is
// needed; all else may be zero.
type Config struct {
	// Brokers are the bootstrap addresses, host and port, tried in order.
	Brokers []string
	// Listen is the address for bootstrap; default 127.0.0.1:0. The listeners
	// of brokers are on the same host.
	Listen string
	// Ports are those of the listeners of brokers: broker n has the nth one
	// from the first on where there is such and it is free, and any other free
	// one else. The zero value leaves them to the system.
	Ports Ports
	// Advertise is the host that clients are told; default that of Listen, or
	// the address at which a client came where Listen names none.
	Advertise string

	TLS      *tls.Config // of clients; nil: they speak plain text
	Upstream *tls.Config // to brokers; nil: plain text. An empty ServerName stands for each broker's host

	// Raw are listeners for what cannot be read, such as TLS that passes
	// through: the address that is listened on, by that of the broker.
	Raw map[string]string

	Faults Faults // nil: none
	Log    *slog.Logger

	MaxFrame       int           // bytes; a longer one ends its connection; default 100 MiB, as socket.request.max.bytes
	MaxConnections int           // default 4096; more are closed at once
	HeaderTimeout  time.Duration // how long a client may take over a handshake or a header; default 30 s
	DialTimeout    time.Duration // how long a broker may take; default 10 s
	Drain          time.Duration // how long a proxy that ends waits for responses; default 1 s
}

// Ports is a range of them, both ends in it.
type Ports struct{ First, Last int }

func (c Config) withDefaults() Config {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.MaxFrame == 0 {
		c.MaxFrame = 100 << 20
	}
	if c.MaxConnections == 0 {
		c.MaxConnections = 4096
	}
	if c.HeaderTimeout == 0 {
		c.HeaderTimeout = 30 * time.Second
	}
	if c.DialTimeout == 0 {
		c.DialTimeout = 10 * time.Second
	}
	if c.Drain == 0 {
		c.Drain = time.Second
	}
	return c
}

// Validate joins all that is wrong.
func (c Config) Validate() error {
	var problems []error
	if len(c.Brokers) == 0 && len(c.Raw) == 0 {
		problems = append(problems, errors.New("no brokers: name one at least, as host:port"))
	}
	addresses := append([]string{c.withDefaults().Listen}, c.Brokers...)
	for broker, listen := range c.Raw {
		addresses = append(addresses, broker, listen)
	}
	for _, a := range addresses {
		if _, _, err := net.SplitHostPort(a); err != nil {
			problems = append(problems, fmt.Errorf("address %q: %w; write host:port", a, err))
		}
	}
	if p := c.Ports; p != (Ports{}) && (p.First < 1 || p.Last > 65535 || p.Last < p.First) {
		problems = append(problems, fmt.Errorf("ports %d-%d: write the lower one first, from 1 to 65535", p.First, p.Last))
	}
	if c.MaxFrame < 0 || c.MaxConnections < 0 || c.HeaderTimeout < 0 || c.DialTimeout < 0 || c.Drain < 0 {
		problems = append(problems, errors.New("a bound is negative; leave it out for its default"))
	}
	return errors.Join(problems...)
}

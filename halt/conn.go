package halt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Config says which NATS, and who we are there. URL is needed.
type Config struct {
	URL    string
	Prefix string // of subjects; default "faultline"
	Name   string // of this connection, for whoever looks at the server
	// NKey is the file of an nkey seed; Credentials that of a JWT with its
	// seed. Both empty: the server lets anybody in, which is its decision.
	NKey, Credentials string
	Log               *slog.Logger
}

// Conn is a connection that comes back by itself, for as long as it takes.
type Conn struct {
	nats *nats.Conn
	js   jetstream.JetStream
	subjects
	log    *slog.Logger
	closed chan struct{} // after the last handler
}

const reconnectWait = 100 * time.Millisecond

// Connect returns at once, connected or not: what needs the server waits for
// it, or fails by itself. A URL or key file that cannot be used is an error.
func Connect(c Config) (*Conn, error) {
	if c.URL == "" {
		return nil, errors.New("connecting to nats: no URL; name one in faultline.yaml (nats: {url: …}), or start faultline up first")
	}
	log := c.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	refused := warn(log, "nats refuses something")
	closed := make(chan struct{})
	opts := []nats.Option{
		nats.ClosedHandler(func(*nats.Conn) { close(closed) }),
		nats.Name("faultline " + c.Name), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait), nats.ReconnectJitter(reconnectWait, reconnectWait),
		nats.PingInterval(time.Second), nats.MaxPingsOutstanding(2), nats.Timeout(2 * time.Second),
		// A server that does not know our key may learn it.
		nats.IgnoreAuthErrorAbort(),
		// What was said during an outage is late: it is not kept.
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { log.Debug("nats is away", "error", err) }),
		nats.ReconnectHandler(func(*nats.Conn) { log.Debug("nats is back") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused(err) }),
	}
	switch {
	case c.NKey != "":
		key, err := nats.NkeyOptionFromSeed(c.NKey)
		if err != nil {
			return nil, fmt.Errorf("reading the nkey seed %s: %w", c.NKey, err)
		}
		opts = append(opts, key)
	case c.Credentials != "":
		opts = append(opts, nats.UserCredentials(c.Credentials))
	}
	nc, err := nats.Connect(c.URL, opts...)
	if err != nil {
		return nil, fmt.Errorf("connecting to nats at %s: %w", c.URL, err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("preparing jetstream: %w", err)
	}
	return &Conn{nats: nc, js: js, subjects: subjects{cmp.Or(c.Prefix, DefaultPrefix)}, log: log, closed: closed}, nil
}

// repeat is how often the same problem is worth a warning: who is not let in
// knocks ten times a second.
const repeat = time.Minute

// warn gives a handler that tells of a problem.
func warn(log *slog.Logger, what string) func(error) {
	var last string
	var at time.Time
	return func(err error) { // nats calls its handlers one at a time
		level := slog.LevelDebug
		if err.Error() != last || time.Since(at) > repeat {
			level, last, at = slog.LevelWarn, err.Error(), time.Now()
		}
		log.Log(context.Background(), level, what, "error", err)
	}
}

// Connected says whether the server is there now.
func (c *Conn) Connected() bool { return c.nats.IsConnected() }

// Problem is why the server is not there, as far as that is known.
func (c *Conn) Problem() error { return c.nats.LastError() }

// Close ends the connection and every subscription of it. Nothing is logged
// after it.
func (c *Conn) Close() error {
	c.nats.Close()
	<-c.closed
	return nil
}

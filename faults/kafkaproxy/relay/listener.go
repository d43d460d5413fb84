package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"
)

// listener accepts connections, and knows where they go on to.
type listener struct {
	net.Listener
	to  router
	raw bool
}

// accept serves a listener until it is closed.
func (p *Proxy) accept(l *listener) {
	p.mu.Lock()
	ctx := p.ctx
	p.mu.Unlock()
	p.accepting.Go(func() {
		for {
			client, err := l.Accept()
			switch {
			case errors.Is(err, net.ErrClosed):
				return
			case err != nil:
				p.config.Log.Warn("no connection can be accepted", "listener", l.Addr().String(), "reason", err)
				wait(ctx, 100*time.Millisecond, nil) // until one of those that are open has ended
				continue
			}
			select {
			case p.room <- struct{}{}:
				p.serving.Go(func() {
					defer func() { <-p.room }()
					p.serve(ctx, client, l)
				})
			default:
				p.config.Log.Warn("connection closed", "client", client.RemoteAddr().String(), "reason", fmt.Sprintf("there are %d already", p.config.MaxConnections))
				_ = client.Close() // it was not served
			}
		}
	})
}

// serve carries one connection to its end.
func (p *Proxy) serve(ctx context.Context, client net.Conn, l *listener) {
	to, err := l.to(client)
	if err != nil {
		p.config.Log.Warn("connection closed", "client", client.RemoteAddr().String(), "reason", err)
		_ = client.Close() // there is no broker for it
		return
	}
	link := Link{ID: p.ids.Add(1), Broker: to.node, Client: client.RemoteAddr().String(), Raw: l.raw}
	log := p.config.Log.With("client", link.Client, "broker", link.Broker)
	client, err = p.greet(ctx, client, l.raw)
	if err != nil {
		log.Warn("connection closed", "side", "client", "reason", err)
		return
	}
	broker, err := p.dial(ctx, to, l.raw)
	if err != nil {
		p.outages.failed(log, to, time.Now(), err)
		_ = client.Close() // as a broker that is not there does
		return
	}
	p.outages.reached(log, to)
	if l.raw {
		newRaw(p, link, client, broker).run(ctx)
		return
	}
	newConn(p, link, client, broker).run(ctx)
}

// greet ends the TLS of a client.
func (p *Proxy) greet(ctx context.Context, client net.Conn, raw bool) (net.Conn, error) {
	if raw || p.config.TLS == nil {
		return client, nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.config.HeaderTimeout)
	defer cancel()
	over := tls.Server(client, p.config.TLS)
	if err := over.HandshakeContext(ctx); err != nil {
		_ = client.Close() // the handshake tells
		return nil, fmt.Errorf("greeting a client by TLS: %w", err)
	}
	return over, nil
}

// dial connects to the first broker that answers.
func (p *Proxy) dial(ctx context.Context, to route, raw bool) (net.Conn, error) {
	var problems []error
	for _, address := range to.brokers {
		c, err := p.dialOne(ctx, address, raw)
		if err == nil {
			return c, nil
		}
		problems = append(problems, fmt.Errorf("connecting to broker %s: %w", address, err))
	}
	return nil, errors.Join(problems...)
}

func (p *Proxy) connect(ctx context.Context, address string) (net.Conn, error) {
	if p.config.Led != nil {
		return p.config.Led.Dial(ctx, address)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", address)
}

func (p *Proxy) dialOne(ctx context.Context, address string, raw bool) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, p.config.DialTimeout)
	defer cancel()
	c, err := p.connect(ctx, address)
	if err != nil || raw || p.config.Upstream == nil {
		return c, err
	}
	config := p.config.Upstream
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName, _, _ = net.SplitHostPort(address) // DialContext has split it
	}
	over := tls.Client(c, config)
	if err := over.HandshakeContext(ctx); err != nil {
		_ = c.Close() // the handshake tells
		return nil, err
	}
	return over, nil
}

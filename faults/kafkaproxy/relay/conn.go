package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/shape"
)

// conn is one connection of a client, and the one to a broker that it has.
//
//	client ──▶ in  ─▶ requests  ─▶ toBroker ──▶ broker
//	                     │ pending
//	       ◀── toClient ◀─ responses ◀─ back ◀──
type conn struct {
	proxy    *Proxy
	link     Link
	log      *slog.Logger
	client   net.Conn
	broker   net.Conn
	in, back *reader
	toBroker *writer
	toClient *writer
	pending  *queue
	cancel   context.CancelFunc

	draining atomic.Bool
	gone     atomic.Bool // the client has ended
	silent   bool        // no response is sent any more; of who owns the head of pending
	tokens   bool        // raw SASL tokens may follow; of requests
}

func newConn(p *Proxy, link Link, client, broker net.Conn) *conn {
	c := &conn{
		proxy: p, link: link, client: client, broker: broker, pending: newQueue(),
		log:      p.config.Log.With("client", link.Client, "broker", link.Broker),
		toBroker: &writer{conn: broker, pipes: p.pipes}, toClient: &writer{conn: client, pipes: p.pipes},
	}
	c.in, c.back = newReader(client, c.toBroker.flush), newReader(broker, c.toClient.flush)
	c.in.limit = p.config.HeaderTimeout
	return c
}

// run carries until both sides have ended.
func (c *conn) run(ctx context.Context) {
	ctx, c.cancel = context.WithCancel(ctx)
	defer c.cancel()
	defer c.proxy.hold(c)()
	stop := context.AfterFunc(ctx, c.kill)
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { c.endRequests(ctx, c.requests(ctx)) })
	both.Go(func() { c.endResponses(ctx, c.responses(ctx)) })
	both.Wait()
	c.kill()
	c.lost()
}

// kill ends everything at once.
func (c *conn) kill() {
	_ = c.client.Close() // both sides are over, whatever they say to it
	_ = c.broker.Close()
	c.toBroker.close()
	c.toClient.close()
	c.pending.close()
}

func (c *conn) lost() {
	for _, p := range c.pending.left() {
		if p.kind == fromBroker && p.x != nil && p.need&NeedResponse != 0 {
			c.proxy.config.Faults.Lost(p.x)
		}
	}
}

// endRequests tells the broker that the client ended.
func (c *conn) endRequests(ctx context.Context, err error) {
	if errors.Is(err, errDrained) {
		return // responses ends it
	}
	c.gone.Store(true)
	c.tell(ctx, err, rule.Request)
	if !errors.Is(err, io.EOF) {
		c.cancel()
		return
	}
	wait(ctx, c.closeDelay(rule.Request), nil)
	if c.toBroker.finish(ctx) != nil || closeWrite(c.broker) != nil {
		c.cancel()
		return
	}
	// What it asked for may still come, unless it does not take that.
	late := time.AfterFunc(c.proxy.config.HeaderTimeout, c.cancel)
	context.AfterFunc(ctx, func() { late.Stop() })
}

// endResponses tells the client that the broker ended.
func (c *conn) endResponses(ctx context.Context, err error) {
	c.tell(ctx, err, rule.Response)
	_ = c.toClient.finish(ctx) // a client that is gone takes no more
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		wait(ctx, c.closeDelay(rule.Response), nil)
	}
	c.cancel()
}

// tell logs why a side ended. What a side may do without a fault or a mistake
// is told to who asks for it only.
func (c *conn) tell(ctx context.Context, err error, way rule.Direction) {
	var fault ended
	log := c.log.With("side", side(way), "reason", err)
	switch {
	case errors.As(err, &fault):
		log.Info("connection ended")
		if fault.reset {
			linger(c.client)
			c.cancel()
			return
		}
		_ = c.toClient.finish(ctx) // what was answered before
	case errors.As(err, new(badInput)):
		log.Warn("connection closed")
	case ctx.Err() == nil && !errors.Is(err, errDrained):
		log.Debug("connection ended")
	}
}

// closeDelay is how much later the other side hears of an end.
func (c *conn) closeDelay(way rule.Direction) time.Duration {
	h, ok := c.pending.latest()
	if !ok || c.needs(h)&NeedShape == 0 {
		return 0
	}
	if s := c.proxy.config.Faults.Shape(c.link, &h, nil, way); s != nil {
		return s.CloseDelay
	}
	return 0
}

// shape asks for that of one frame.
func (c *conn) shape(h frame.Header, x *Exchange, way rule.Direction) (*shape.Shape, error) {
	s := c.proxy.config.Faults.Shape(c.link, &h, x, way)
	if s != nil && s.Reset {
		return nil, ended{why: "reset", reset: true}
	}
	return s, nil
}

// drain ends the connection once what was asked is answered.
func (c *conn) drain() {
	c.draining.Store(true)
	_ = c.client.SetReadDeadline(time.Now()) // a connection that has no deadline is ended a little later
	if c.gone.Load() || c.pending.empty() {
		c.cancel()
	}
}

func side(way rule.Direction) string {
	if way == rule.Request {
		return "client"
	}
	return "broker"
}

func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}

// linger makes the close of a connection a reset.
func linger(c net.Conn) {
	if over, ok := c.(*tls.Conn); ok {
		c = over.NetConn()
	}
	if plain, ok := c.(*net.TCPConn); ok {
		_ = plain.SetLinger(0) // it is closed anyway
	}
}

// wait passes d, or less where ctx ends or lifted is closed; nil never is.
func wait(ctx context.Context, d time.Duration, lifted <-chan struct{}) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-lifted:
	case <-ctx.Done():
	}
}

package relay

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/shape"
)

// raw is a connection whose bytes cannot be read.
type raw struct {
	proxy          *Proxy
	link           Link
	client, broker net.Conn
	up, down       *writer
}

func newRaw(p *Proxy, link Link, client, broker net.Conn) *raw {
	return &raw{proxy: p, link: link, client: client, broker: broker, up: &writer{conn: broker}, down: &writer{conn: client}}
}

func (r *raw) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer r.proxy.hold(r)()
	stop := context.AfterFunc(ctx, r.kill)
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { r.carry(ctx, r.client, r.up, rule.Request, cancel) })
	both.Go(func() { r.carry(ctx, r.broker, r.down, rule.Response, cancel) })
	both.Wait()
	r.kill()
}

// carry copies one direction until it ends, and then ends the other side.
func (r *raw) carry(ctx context.Context, from net.Conn, w *writer, way rule.Direction, cancel func()) {
	err := r.copy(from, w, way)
	if s := r.shape(way); s != nil && errors.Is(err, io.EOF) {
		wait(ctx, s.CloseDelay)
	}
	if !errors.Is(err, io.EOF) || w.finish(ctx) != nil || closeWrite(w.conn) != nil {
		cancel()
	}
}

func (r *raw) copy(from net.Conn, w *writer, way rule.Direction) error {
	buf := make([]byte, 4*smallBuffer)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			s := r.shape(way)
			if s != nil && s.Reset {
				r.proxy.config.Log.Info("connection ended", "client", r.link.Client, "reason", "a fault resets it")
				linger(r.client)
				return net.ErrClosed
			}
			if werr := w.write(buf[:n], s); werr != nil {
				return werr
			}
			if ferr := w.flush(); ferr != nil {
				return ferr
			}
		}
		if err != nil {
			return err
		}
	}
}

func (r *raw) shape(way rule.Direction) *shape.Shape {
	if r.proxy.config.Faults == nil {
		return nil
	}
	return r.proxy.config.Faults.Shape(r.link, nil, nil, way)
}

// drain implements carrier: nobody sees where what passes ends.
func (r *raw) drain() { r.kill() }

func (r *raw) kill() {
	_ = r.client.Close() // both sides are over, whatever they say to it
	_ = r.broker.Close()
	r.up.close()
	r.down.close()
}

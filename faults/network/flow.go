package network

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/k2-platform/faultline/faults/kafkaproxy/shape"
	"github.com/k2-platform/faultline/internal/pause"
)

const (
	chunk = 32 << 10
	// waiting is how many bytes of one direction of a connection are held while
	// they are delayed; more than that costs throughput as well, as on a long cable.
	waiting = 1 << 20
)

// flow carries one direction until its end. A broken one ends both.
func (p *proxy) flow(to, from *net.TCPConn, direction string) {
	line := shape.NewLine(to, waiting)
	defer func() { _ = line.Close() }() // told by Write and Drain
	buf := make([]byte, p.rate[direction].chunk())
	for {
		n, err := from.Read(buf)
		if n > 0 && !p.rate[direction].take(p.ctx, n) {
			return
		}
		if n > 0 && line.Write(buf[:n], p.shape(direction)) != nil {
			p.broken(to, from)
			return
		}
		if errors.Is(err, io.EOF) {
			if line.Drain(p.ctx) != nil || to.CloseWrite() != nil {
				p.broken(to, from)
			}
			return
		}
		if err != nil {
			p.broken(to, from)
			return
		}
	}
}

func (*proxy) broken(a, b *net.TCPConn) {
	end(a)
	end(b)
}

// shape is nil for what is not delayed.
func (p *proxy) shape(direction string) *shape.Shape {
	w := p.work
	if w.Delay == 0 || !w.takes(direction) {
		return nil
	}
	delay := w.Delay
	if w.Jitter > 0 {
		delay += rand.N(2*w.Jitter+1) - w.Jitter //nolint:gosec // a wait is no secret
	}
	return &shape.Shape{Delay: delay, Lifted: p.ctx.Done()}
}

// rate is shared by all connections. nil lets everything through.
type rate struct {
	perSecond int64

	mu   sync.Mutex
	free time.Time // when the next byte may pass
}

// smooth is how long the bytes of one piece take, so that one sees a flow.
const smooth = 50 * time.Millisecond

// chunk is how many bytes are taken at a time.
func (r *rate) chunk() int {
	if r == nil {
		return chunk
	}
	return int(min(chunk, max(1, float64(r.perSecond)*smooth.Seconds())))
}

// take waits until n bytes had their time; false: ctx ended first.
func (r *rate) take(ctx context.Context, n int) bool {
	if r == nil {
		return true
	}
	r.mu.Lock()
	if now := time.Now(); r.free.Before(now) {
		r.free = now
	}
	r.free = r.free.Add(time.Duration(float64(n) / float64(r.perSecond) * float64(time.Second)))
	until := time.Until(r.free)
	r.mu.Unlock()
	return pause.For(ctx, until)
}

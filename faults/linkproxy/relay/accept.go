package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults/linkproxy/rule"
	"github.com/k2-platform/faultline/internal/pause"
)

// again is how long to wait after a listener failed: until one of the
// connections that are open has ended, perhaps.
const again = 100 * time.Millisecond

// accept serves a link until ctx ends.
func (p *Proxy) accept(ctx context.Context, l *link) {
	for ctx.Err() == nil {
		at, s, err := l.reach()
		if at == nil && err == nil {
			wait(ctx, s.changed)
			continue
		}
		var client net.Conn
		if err == nil {
			client, err = at.Accept()
		}
		switch {
		case errors.Is(err, net.ErrClosed): // a fault had it shut, or the proxy ends
		case err != nil:
			l.log.Warn("no connection can be accepted", "error", err)
			pause.For(ctx, again)
		default:
			p.admit(ctx, l, client.(*net.TCPConn)) //nolint:forcetypeassert // it listens on TCP
		}
	}
}

func (p *Proxy) admit(ctx context.Context, l *link, client *net.TCPConn) {
	select {
	case p.room <- struct{}{}:
		p.serving.Go(func() {
			defer func() { <-p.room }()
			if err := p.serve(ctx, l, client); err != nil {
				l.log.Debug("connection ended", "client", client.RemoteAddr().String(), "reason", err)
			}
		})
	default:
		l.log.Warn("connection closed", "client", client.RemoteAddr().String(), "reason", fmt.Sprintf("there are %d already", p.config.MaxConnections))
		_ = client.Close() // it was not served
	}
}

// serve carries one connection to its end.
func (p *Proxy) serve(ctx context.Context, l *link, client *net.TCPConn) error {
	if err := l.answers(ctx, client); err != nil {
		abort(client)
		return err
	}
	dial := net.Dialer{Timeout: p.config.DialTimeout}
	other, err := dial.DialContext(ctx, "tcp", l.To)
	if err != nil {
		abort(client) // as who is not there does
		return err
	}
	c := newConn(l, client, other.(*net.TCPConn)) //nolint:forcetypeassert // it is TCP
	release, ok := l.hold(c)
	if !ok {
		c.reset()
		return errReset
	}
	defer release()
	defer context.AfterFunc(ctx, c.close)()
	return c.run()
}

var (
	errReset = errors.New("a fault resets it")
	errLeft  = errors.New("the client left while a partition held it")
)

// answers holds a new connection as long as there is a partition: the kernel
// has answered it, nobody else does. Who left meanwhile is not heard of at the
// other end, as it would not be after a real one.
func (l *link) answers(ctx context.Context, client *net.TCPConn) error {
	for held := false; ; {
		s := l.now.Load()
		if a := s.has(rule.Reset, rule.Unreachable); a != nil {
			a.met.Add(1)
			return errReset
		}
		by := s.has(rule.Partition)
		if by == nil {
			if held && !established(client) {
				return errLeft
			}
			return nil
		}
		if !held {
			by.met.Add(1)
		}
		held = true
		if wait(ctx, s.changed); ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// established says that neither side has closed the connection.
func established(c *net.TCPConn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	const tcpEstablished = 1 // of net/tcp_states.h
	is := false
	err = raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		is = err == nil && info.State == tcpEstablished
	})
	return err == nil && is
}

// abort resets a connection.
func abort(c *net.TCPConn) {
	_ = c.SetLinger(0) // it is closed anyway
	_ = c.Close()
}

func wait(ctx context.Context, c <-chan struct{}) {
	select {
	case <-c:
	case <-ctx.Done():
	}
}

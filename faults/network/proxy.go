package network

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/pause"
)

const dialWithin = 10 * time.Second

// proxy carries the connections that are led to it on to the service that
// they meant, as the fault has it. It is made by newProxy and ended by Close.
type proxy struct {
	work work
	mark uint32
	rate map[string]*rate // by direction; nil: as quickly as it goes

	listeners []net.Listener
	ctx       context.Context //nolint:containedctx // that of its dials, until Close
	stop      context.CancelFunc
	wait      sync.WaitGroup

	mu    sync.Mutex
	conns map[*net.TCPConn]bool
}

// newProxy listens on loopback for what rules lead there, and tells where.
func newProxy(w work, at int) (*proxy, []netip.AddrPort, error) {
	p := &proxy{work: w, mark: markOf(at), rate: map[string]*rate{}, conns: map[*net.TCPConn]bool{}}
	p.ctx, p.stop = context.WithCancel(context.Background())
	for _, d := range []string{in, out} {
		if w.PerSecond > 0 && w.takes(d) {
			p.rate[d] = &rate{perSecond: w.PerSecond}
		}
	}
	var where []netip.AddrPort
	config := net.ListenConfig{Control: transparent}
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := config.Listen(p.ctx, "tcp", address)
		if address == "[::1]:0" && (errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)) {
			continue // no IPv6 there
		}
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("listening on %s in the target's namespace: %w; see that its loopback is up", address, err), p.Close())
		}
		p.listeners = append(p.listeners, l)
		where = append(where, l.Addr().(*net.TCPAddr).AddrPort()) //nolint:forcetypeassert // tcp was asked for
	}
	for _, l := range p.listeners {
		p.wait.Go(func() { p.serve(l) })
	}
	return p, where, nil
}

// transparent lets a socket have connections of addresses other than its own.
func transparent(network, _ string, raw syscall.RawConn) error {
	level, option := unix.SOL_IP, unix.IP_TRANSPARENT
	if network == "tcp6" {
		level, option = unix.SOL_IPV6, unix.IPV6_TRANSPARENT
	}
	return set(raw, level, option, 1)
}

func set(raw syscall.RawConn, level, option, value int) error {
	var bad error
	if err := raw.Control(func(fd uintptr) { bad = unix.SetsockoptInt(int(fd), level, option, value) }); err != nil {
		return err
	}
	return bad
}

func (p *proxy) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // too many are open: those that wait are taken later
			pause.For(p.ctx, lookEvery)
			continue
		}
		client := c.(*net.TCPConn) //nolint:forcetypeassert // of a TCP listener
		if p.hold(client) {
			p.wait.Go(func() { p.carry(client) })
		}
	}
}

// hold remembers a connection for Close; false: that was called.
func (p *proxy) hold(c *net.TCPConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns == nil {
		end(c)
		return false
	}
	p.conns[c] = true
	return true
}

func (p *proxy) drop(c *net.TCPConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	end(c)
}

// end resets a connection: what it stood for is no more.
func end(c *net.TCPConn) {
	_ = c.SetLinger(0) // one that was closed both ways is past that
	_ = c.Close()
}

// carry connects to what the client meant, the local address of a connection
// that was led here. What cannot be reached resets the client.
func (p *proxy) carry(client *net.TCPConn) {
	defer p.drop(client)
	d := net.Dialer{Timeout: dialWithin, Control: func(_, _ string, raw syscall.RawConn) error {
		return set(raw, unix.SOL_SOCKET, unix.SO_MARK, int(p.mark))
	}}
	c, err := d.DialContext(p.ctx, "tcp", client.LocalAddr().String())
	if err != nil {
		return
	}
	service := c.(*net.TCPConn) //nolint:forcetypeassert // tcp was asked for
	if !p.hold(service) {
		return
	}
	defer p.drop(service)
	var ways sync.WaitGroup
	ways.Go(func() { p.flow(service, client, in) })
	p.flow(client, service, out)
	ways.Wait()
}

// Close ends all connections and waits for their ends.
func (p *proxy) Close() error {
	p.stop()
	var err error
	for _, l := range p.listeners {
		err = errors.Join(err, l.Close())
	}
	p.mu.Lock()
	open := p.conns
	p.conns = nil
	for c := range open {
		end(c)
	}
	p.mu.Unlock()
	p.wait.Wait()
	return err
}

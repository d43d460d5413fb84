package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// port is a TCP port that stays the link's own while nobody listens on it, so
// that who connects is refused and nobody else gets it. A socket that is bound
// and does not listen keeps it.
type port struct {
	addr   string // host:port
	keeper int    // file descriptor

	mu    sync.Mutex
	l     net.Listener // nil while it is shut
	given bool         // away: it opens no more
}

// openPort keeps an address and listens on it.
func openPort(address string) (*port, error) {
	p, err := keepPort(address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w; end what listens there, or name another address", address, err)
	}
	if _, err := p.open(); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func keepPort(address string) (*port, error) {
	at, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, err
	}
	domain, sa := socketAddress(at)
	fd, err := unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	p := &port{keeper: fd}
	// Connections of an earlier life may linger on the port while it is bound;
	// after that only the link's own listener shares it, which says so.
	err = option(fd, unix.SO_REUSEADDR, 1)
	if err == nil {
		err = os.NewSyscallError("bind", unix.Bind(fd, sa))
	}
	if err == nil {
		err = errors.Join(option(fd, unix.SO_REUSEADDR, 0), option(fd, unix.SO_REUSEPORT, 1))
	}
	if err == nil {
		p.addr, err = bound(fd, at)
	}
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return p, nil
}

func option(fd, name, value int) error {
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, name, value))
}

func socketAddress(at *net.TCPAddr) (domain int, sa unix.Sockaddr) {
	if ip := at.IP.To4(); ip != nil {
		return unix.AF_INET, &unix.SockaddrInet4{Port: at.Port, Addr: [4]byte(ip)}
	}
	six := &unix.SockaddrInet6{Port: at.Port}
	copy(six.Addr[:], at.IP) // none is all addresses of the machine
	return unix.AF_INET6, six
}

func bound(fd int, asked *net.TCPAddr) (string, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return "", os.NewSyscallError("getsockname", err)
	}
	out := net.TCPAddr{IP: asked.IP, Zone: asked.Zone}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		out.Port = sa.Port
	case *unix.SockaddrInet6:
		out.Port = sa.Port
	}
	return out.String(), nil
}

// open listens; on a port that is open it changes nothing.
func (p *port) open() (net.Listener, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.given {
		return nil, net.ErrClosed
	}
	if p.l != nil {
		return p.l, nil
	}
	share := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var set error
		err := c.Control(func(fd uintptr) { set = option(int(fd), unix.SO_REUSEPORT, 1) })
		return errors.Join(err, set)
	}}
	l, err := share.Listen(context.Background(), "tcp", p.addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", p.addr, err)
	}
	p.l = l
	return l, nil
}

// shut refuses who connects from now on; who waits to be accepted is reset.
func (p *port) shut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.l != nil {
		_ = p.l.Close() // it accepts no more; that is all
		p.l = nil
	}
}

// close gives the port away.
func (p *port) close() error {
	p.shut()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.given = true
	return os.NewSyscallError("close", unix.Close(p.keeper))
}

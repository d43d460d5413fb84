package relay

import (
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
)

// maxBrokers bounds what a broker that lies can make the proxy open.
const maxBrokers = 1024

// brokers is a placement: a listener for each broker, which stays for as long
// as the proxy does, wherever the broker moves.
type brokers struct {
	host      string // where it listens
	advertise string // "" tells the address at which a client came
	ports     Ports
	open      func(l net.Listener, to router) // serves a new listener
	log       *slog.Logger

	mu     sync.Mutex
	closed bool
	of     map[int32]*behind
}

// behind is a broker behind its listener.
type behind struct {
	listener net.Listener
	port     int32
	address  frame.Address // guarded by brokers.mu
}

func (b *brokers) tell(node int32, a frame.Address, client net.Conn) (frame.Address, error) {
	port, err := b.port(node, a)
	if err != nil {
		return frame.Address{}, err
	}
	host := b.advertise
	if host == "" {
		if host, _, err = net.SplitHostPort(client.LocalAddr().String()); err != nil {
			return frame.Address{}, fmt.Errorf("finding the address that the client came to: %w", err)
		}
	}
	return frame.Address{Host: host, Port: port}, nil
}

// port is that of a broker's listener, which is opened when the broker is
// first heard of.
func (b *brokers) port(node int32, a frame.Address) (int32, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if known := b.of[node]; known != nil {
		if known.address != a {
			b.log.Info("a broker has another address", "broker", node, "from", join(known.address), "to", join(a))
			known.address = a
		}
		return known.port, nil
	}
	if len(b.of) >= maxBrokers || b.closed {
		return 0, fmt.Errorf("opening a listener for broker %d: there are %d already, or the proxy ends", node, len(b.of))
	}
	l, err := b.listen(node)
	if err != nil {
		return 0, err
	}
	known := &behind{listener: l, address: a, port: int32(l.Addr().(*net.TCPAddr).Port)} //nolint:gosec,forcetypeassert // a port, of a TCP listener
	b.of[node] = known
	b.log.Info("a broker", "broker", node, "address", join(a), "listener", l.Addr().String())
	b.open(l, always(func() route {
		b.mu.Lock()
		defer b.mu.Unlock()
		return route{node: node, brokers: []string{join(known.address)}}
	}))
	return known.port, nil
}

func (b *brokers) known(node int32) (frame.Address, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if k := b.of[node]; k != nil {
		return k.address, true
	}
	return frame.Address{}, false
}

func (b *brokers) listen(node int32) (net.Listener, error) {
	if b.ports == (Ports{}) {
		return listen(net.JoinHostPort(b.host, "0"))
	}
	var err error
	for _, port := range b.choices(node) {
		var l net.Listener
		if l, err = listen(net.JoinHostPort(b.host, strconv.Itoa(port))); err == nil {
			return l, nil
		}
	}
	return nil, fmt.Errorf("opening a listener for broker %d: no port of %d-%d is free: %w; give a wider range", node, b.ports.First, b.ports.Last, err)
}

// choices are the ports for a broker, best first: its own, so that it has the
// same in the proxy's next life, then from the end of the range.
func (b *brokers) choices(node int32) []int {
	var all []int
	if own := int64(b.ports.First) + int64(node); own <= int64(b.ports.Last) {
		all = append(all, int(own))
	}
	for port := b.ports.Last; port >= b.ports.First; port-- {
		all = append(all, port)
	}
	return all
}

func (b *brokers) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for _, k := range b.of {
		_ = k.listener.Close() // it accepts no more; that is all
	}
}

func join(a frame.Address) string { return net.JoinHostPort(a.Host, strconv.Itoa(int(a.Port))) }

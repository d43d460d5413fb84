package relay

import (
	"context"
	"net"
	"net/netip"
	"sync"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
)

// Led are connections that clients open to the brokers themselves, and that
// are led to the proxy without their knowledge; redirect.Redirect is one.
type Led interface {
	Listeners() []net.Listener
	// Original is the broker that a client meant.
	Original(client net.Conn) (netip.AddrPort, error)
	// Dial connects to a broker past the redirect.
	Dial(ctx context.Context, address string) (net.Conn, error)
}

// straight is the placement of led connections: clients are told the brokers'
// own addresses, and come to the proxy all the same.
type straight struct {
	led Led

	mu sync.Mutex
	of map[int32]frame.Address
}

func newStraight(led Led) *straight { return &straight{led: led, of: map[int32]frame.Address{}} }

func (s *straight) tell(node int32, a frame.Address, _ net.Conn) (frame.Address, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.of[node]; there || len(s.of) < maxBrokers {
		s.of[node] = a
	}
	return a, nil
}

func (s *straight) known(node int32) (frame.Address, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.of[node]
	return a, ok
}

// to leads a connection to the broker that its client meant. Which node that
// is follows from what brokers told; a name is no address, so that a broker that
// is told by name stays unknown.
func (s *straight) to(client net.Conn) (route, error) {
	meant, err := s.led.Original(client)
	if err != nil {
		return route{}, err
	}
	r := route{node: -1, brokers: []string{meant.String()}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for node, a := range s.of {
		if join(a) == meant.String() {
			r.node = node
		}
	}
	return r, nil
}

// close leaves the listeners to who led connections to them.
func (s *straight) close() {}

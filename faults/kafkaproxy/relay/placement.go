package relay

import (
	"net"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
)

// placement decides how clients come to the proxy instead of to a broker.
type placement interface {
	// tell says which address a client is told for a broker. An error ends the
	// connection: a client that is told the broker's own would go past the proxy.
	tell(node int32, broker frame.Address, client net.Conn) (frame.Address, error)
	// known is the address that a broker was last said to have.
	known(node int32) (frame.Address, bool)
}

// router says where a connection that was accepted goes on to.
type router func(client net.Conn) (route, error)

// always leads all connections of a listener to the same place.
func always(to func() route) router {
	return func(net.Conn) (route, error) { return to(), nil }
}

// route is where a connection goes on to.
type route struct {
	node    int32 // -1: a bootstrap address
	brokers []string
}

// Package redirect leads the connections of a network namespace to the proxy
// without the clients' knowledge: an nftables table turns what they open to
// Kafka's ports to a listener of the proxy inside the namespace. The table
// belongs to the proxy's own socket: where the proxy ends, by whatever, new
// connections go straight to the brokers again. Connections that stood before
// stay direct.
package redirect

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/netns"
	"github.com/k2-platform/faultline/internal/nft"
)

// mark is on the proxy's own connections (SO_MARK), which are not led back to
// it; "FLKP".
const mark = 0x464c4b50

const dialTimeout = 10 * time.Second

// Redirect is in force from Open to Close.
type Redirect struct {
	ns        *netns.Namespace
	listeners []net.Listener
	table     *nft.Owned
}

// Open listens inside the namespace that is bound to path ("": the process's
// own) and leads new connections to ports there. Where IPv6 is off in the
// namespace only IPv4 is led. It needs CAP_NET_ADMIN, for a namespace that is
// not its own CAP_SYS_ADMIN too, and the namespace's loopback to be up.
func Open(path string, ports []int) (*Redirect, error) {
	if len(ports) == 0 {
		return nil, errors.New("redirecting to the Kafka proxy: no port is named; say which ports the brokers listen on, such as 9092")
	}
	ns, err := netns.Open(path)
	if err != nil {
		return nil, err
	}
	r := &Redirect{ns: ns}
	if err := r.begin(ports); err != nil {
		return nil, errors.Join(fmt.Errorf("redirecting ports %v to the Kafka proxy: %w", ports, err), r.Close())
	}
	return r, nil
}

func (r *Redirect) begin(ports []int) error {
	own := map[byte]int{}
	for protocol, address := range map[byte]string{unix.NFPROTO_IPV4: "127.0.0.1:0", unix.NFPROTO_IPV6: "[::1]:0"} {
		var l net.Listener
		err := r.ns.Do(func() (err error) {
			l, err = net.Listen("tcp", address) //nolint:noctx // a listener has no end of its own
			return err
		})
		if protocol == unix.NFPROTO_IPV6 && (errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)) {
			continue // no IPv6 there
		}
		if err != nil {
			return fmt.Errorf("listening on %s in the namespace: %w; see that its loopback is up", address, err)
		}
		r.listeners = append(r.listeners, l)
		own[protocol] = l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // tcp was asked for
	}
	var err error
	if r.table, err = nft.Own(r.ns, nftables.TableFamilyINet, fmt.Sprintf("faultline_kafka_proxy_%d_%d", os.Getpid(), own[unix.NFPROTO_IPV4])); err != nil {
		return err
	}
	chain := r.table.Conn.AddChain(&nftables.Chain{
		Name: "output", Table: r.table.Table, Type: nftables.ChainTypeNAT,
		Hooknum: nftables.ChainHookOutput, Priority: nftables.ChainPriorityNATDest,
	})
	for protocol, port := range own {
		for _, from := range ports {
			r.table.Conn.AddRule(&nftables.Rule{Table: r.table.Table, Chain: chain, Exprs: lead(protocol, from, port)})
		}
	}
	if err := r.table.Conn.Flush(); err != nil {
		return fmt.Errorf("setting the rules: %w; the kernel needs nftables with NAT for inet (5.2)", err)
	}
	return nil
}

// lead is: meta mark != mark meta nfproto P tcp dport from redirect to :to.
func lead(protocol byte, from, to int) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyMARK, Register: 1},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: nativeUint32(mark)},
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{protocol}},
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.IPPROTO_TCP}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: port(from)},
		&expr.Immediate{Register: 1, Data: port(to)},
		&expr.Redir{RegisterProtoMin: 1},
	}
}

// Listeners are where the led connections arrive; Close closes them.
func (r *Redirect) Listeners() []net.Listener { return r.listeners }

// Dial opens a connection to a broker as the clients see it: from inside the
// namespace, and marked, so that it is not led back. address is an IP and a
// port.
func (r *Redirect) Dial(ctx context.Context, address string) (c net.Conn, err error) {
	d := net.Dialer{Timeout: dialTimeout, Control: func(_, _ string, raw syscall.RawConn) error {
		var set error
		if err := raw.Control(func(fd uintptr) { set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_MARK, mark) }); err != nil {
			return err
		}
		return set
	}}
	err = r.ns.Do(func() (err error) {
		c, err = d.DialContext(ctx, "tcp", address)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("connecting to broker %s from the clients' namespace: %w", address, err)
	}
	return c, nil
}

// Close lets new connections go straight to the brokers, and then stops
// listening.
func (r *Redirect) Close() error {
	var err error
	if r.table != nil {
		err = r.table.Close()
	}
	for _, l := range r.listeners {
		if bad := l.Close(); !errors.Is(bad, net.ErrClosed) { // who serves them may have closed them
			err = errors.Join(err, bad)
		}
	}
	return errors.Join(err, r.ns.Close())
}

package netnstest

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"testing"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/netns"
	"github.com/k2-platform/faultline/internal/roottest"
)

// Side is one end of a Pair.
type Side struct {
	Path string       // of its namespace
	Four netip.Addr   // of its end of the cable, /24
	Six  netip.Prefix // the same, /64
}

// Pair is two namespaces with a cable between them (veth), each of them as of
// New. Both ends have an IPv4 and an IPv6 address.
func Pair(tb testing.TB) (one, two Side) {
	tb.Helper()
	one = Side{New(tb), netip.MustParseAddr("10.99.0.1"), netip.MustParsePrefix("fd99::1/64")}
	two = Side{New(tb), netip.MustParseAddr("10.99.0.2"), netip.MustParsePrefix("fd99::2/64")}
	far, err := os.Open(two.Path)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = far.Close() }()
	roottest.Need(tb, "making a veth pair", within(one, func(c *netlink.Conn) error { return cable(c, far) }))
	for _, s := range []Side{one, two} {
		if err := within(s, s.address); err != nil {
			tb.Fatalf("giving %s its addresses: %v", s.Path, err)
		}
	}
	return one, two
}

const device = "cable"

func within(s Side, do func(*netlink.Conn) error) error {
	ns, err := netns.Open(s.Path)
	if err != nil {
		return err
	}
	defer func() { _ = ns.Close() }()
	return ns.Do(func() error {
		c, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
		if err != nil {
			return err
		}
		return errors.Join(do(c), c.Close())
	})
}

// cable makes a veth pair whose other end is in the namespace far.
func cable(c *netlink.Conn, far *os.File) error {
	peer, err := netlink.MarshalAttributes([]netlink.Attribute{
		{Type: unix.IFLA_IFNAME, Data: []byte(device + "\x00")},
		{Type: unix.IFLA_NET_NS_FD, Data: binary.NativeEndian.AppendUint32(nil, uint32(far.Fd()))}, //nolint:gosec // a descriptor is small
	})
	if err != nil {
		return err
	}
	const vethInfoPeer = 1 // VETH_INFO_PEER, linux/veth.h
	e := netlink.NewAttributeEncoder()
	e.String(unix.IFLA_IFNAME, device)
	e.Nested(unix.IFLA_LINKINFO, func(e *netlink.AttributeEncoder) error {
		e.String(unix.IFLA_INFO_KIND, "veth")
		e.Nested(unix.IFLA_INFO_DATA, func(e *netlink.AttributeEncoder) error {
			e.Bytes(vethInfoPeer, append(make([]byte, unix.SizeofIfInfomsg), peer...))
			return nil
		})
		return nil
	})
	return ask(c, unix.RTM_NEWLINK, make([]byte, unix.SizeofIfInfomsg), e)
}

// address sets the end of the cable up, with its addresses.
func (s Side) address(c *netlink.Conn) error {
	index, err := up(device)
	if err != nil {
		return err
	}
	for _, p := range []netip.Prefix{netip.PrefixFrom(s.Four, 24), s.Six} {
		family := byte(unix.AF_INET)
		if p.Addr().Is6() {
			family = unix.AF_INET6
		}
		head := []byte{family, byte(p.Bits()), unix.IFA_F_NODAD, unix.RT_SCOPE_UNIVERSE} //nolint:gosec // at most 128
		head = binary.NativeEndian.AppendUint32(head, index)
		e := netlink.NewAttributeEncoder()
		e.Bytes(unix.IFA_LOCAL, p.Addr().AsSlice())
		e.Bytes(unix.IFA_ADDRESS, p.Addr().AsSlice())
		if err := ask(c, unix.RTM_NEWADDR, head, e); err != nil {
			return err
		}
	}
	return nil
}

func ask(c *netlink.Conn, what netlink.HeaderType, head []byte, e *netlink.AttributeEncoder) error {
	attributes, err := e.Encode()
	if err != nil {
		return err
	}
	_, err = c.Execute(netlink.Message{
		Header: netlink.Header{Type: what, Flags: netlink.Request | netlink.Acknowledge | netlink.Create | netlink.Excl},
		Data:   append(head, attributes...),
	})
	return err
}

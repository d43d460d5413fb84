package redirect

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ip6OriginalDst is IP6T_SO_ORIGINAL_DST (linux/netfilter_ipv6/ip6_tables.h).
const ip6OriginalDst = 80

// Original is the broker that the client of a led connection meant.
func (*Redirect) Original(client net.Conn) (netip.AddrPort, error) {
	c, ok := client.(*net.TCPConn)
	if !ok {
		return netip.AddrPort{}, fmt.Errorf("asking for the original destination of a connection: it is a %T, not of TCP", client)
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("asking for the original destination of a connection: %w", err)
	}
	six := c.LocalAddr().(*net.TCPAddr).IP.To4() == nil //nolint:forcetypeassert // of a TCP connection
	var to netip.AddrPort
	var ask error
	if err := raw.Control(func(fd uintptr) {
		if six {
			to, ask = original6(int(fd))
		} else {
			to, ask = original4(int(fd))
		}
	}); err != nil {
		ask = err
	}
	if ask != nil {
		return netip.AddrPort{}, fmt.Errorf("asking for the original destination of a connection: %w; did it come by the redirect?", ask)
	}
	return to, nil
}

// original4 reads a sockaddr_in through a structure of the same size that the
// library can ask for.
func original4(fd int) (netip.AddrPort, error) {
	got, err := unix.GetsockoptIPv6Mreq(fd, unix.SOL_IP, unix.SO_ORIGINAL_DST)
	if err != nil {
		return netip.AddrPort{}, err
	}
	b := got.Multiaddr
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), binary.BigEndian.Uint16(b[2:4])), nil
}

func original6(fd int) (netip.AddrPort, error) {
	got, err := unix.GetsockoptIPv6MTUInfo(fd, unix.SOL_IPV6, ip6OriginalDst)
	if err != nil {
		return netip.AddrPort{}, err
	}
	p := (*[2]byte)(unsafe.Pointer(&got.Addr.Port)) //nolint:gosec // the port is in network order whatever the machine's
	return netip.AddrPortFrom(netip.AddrFrom16(got.Addr.Addr), binary.BigEndian.Uint16(p[:])), nil
}

func port(p int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(p)) } //nolint:gosec // checked where ports are read

func nativeUint32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }

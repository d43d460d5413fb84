package network

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// statement is one part of a rule, as nft writes it and as the kernel takes
// it.
type statement struct {
	text  string
	exprs []expr.Any
}

func equals(text string, load expr.Any, value []byte) statement {
	return statement{text, []expr.Any{load, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: value}}}
}

func transport(protocol byte) statement {
	text := map[byte]string{unix.IPPROTO_TCP: "meta l4proto tcp", unix.IPPROTO_UDP: "meta l4proto udp"}[protocol]
	return equals(text, &expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}, []byte{protocol})
}

// toPort and fromPort need transport before them.
func toPort(p int) statement {
	return equals(fmt.Sprintf("th dport %d", p), &expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2}, port(p))
}

func fromPort(p int) statement {
	return equals(fmt.Sprintf("th sport %d", p), &expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 0, Len: 2}, port(p))
}

func port(p int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(p)) } //nolint:gosec // checked where ports are read

// elsewhere leaves out what stays on loopback.
func elsewhere(direction string) statement {
	key, text := expr.MetaKeyIIFNAME, `meta iifname != "lo"`
	if direction == out {
		key, text = expr.MetaKeyOIFNAME, `meta oifname != "lo"`
	}
	name := make([]byte, unix.IFNAMSIZ)
	copy(name, "lo")
	return statement{text, []expr.Any{&expr.Meta{Key: key, Register: 1}, &expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: name}}}
}

// neighbours is what IPv6 needs to find who is on the cable, which no fault
// takes away: as with ARP, it would be missing for a while afterwards.
func neighbours() statement {
	return statement{"icmpv6 type 133-136", []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.IPPROTO_ICMPV6}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 0, Len: 1},
		&expr.Cmp{Op: expr.CmpOpGte, Register: 1, Data: []byte{133}},
		&expr.Cmp{Op: expr.CmpOpLte, Register: 1, Data: []byte{136}},
	}}
}

// family is of an address's: IPv4 or IPv6.
func family(a netip.Addr) statement {
	if a.Is4() {
		return equals("meta nfproto ipv4", &expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1}, []byte{unix.NFPROTO_IPV4})
	}
	return equals("meta nfproto ipv6", &expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1}, []byte{unix.NFPROTO_IPV6})
}

// peer is who sends what comes in, or gets what goes out. It needs family
// before it.
func peer(p netip.Prefix, direction string) statement {
	name, size, source, destination := "ip", uint32(4), uint32(12), uint32(16)
	if p.Addr().Is6() {
		name, size, source, destination = "ip6", 16, 8, 24
	}
	field, offset := "saddr", source
	if direction == out {
		field, offset = "daddr", destination
	}
	exprs := []expr.Any{&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: size}}
	if !p.IsSingleIP() {
		mask := net.CIDRMask(p.Bits(), int(8*size))
		exprs = append(exprs, &expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: size, Mask: mask, Xor: make([]byte, size)})
	}
	text := p.String()
	if p.IsSingleIP() {
		text = p.Addr().String()
	}
	return statement{name + " " + field + " " + text, append(exprs, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: p.Addr().AsSlice()})}
}

// local is what is for an address of this namespace, and not passed on.
func local() statement {
	return equals("fib daddr type local", &expr.Fib{Register: 1, FlagDADDR: true, ResultADDRTYPE: true},
		binary.NativeEndian.AppendUint32(nil, unix.RTN_LOCAL))
}

// unmarked leaves out what a proxy sends that has this place in the row, or
// one before it.
func unmarked(place int) statement {
	first, last := markOf(1), markOf(place)
	return statement{fmt.Sprintf("meta mark != 0x%x-0x%x", first, last), []expr.Any{
		&expr.Meta{Key: expr.MetaKeyMARK, Register: 1},
		hton(),
		&expr.Range{Op: expr.CmpOpNeq, Register: 1, FromData: bigEndian(first), ToData: bigEndian(last)},
	}}
}

// markOf is on what the proxy sends that is at a place in the row (SO_MARK);
// "FLN", and the place.
func markOf(place int) uint32 { return 0x464c4e00 + uint32(place) } //nolint:gosec // of at most lastPlace

// hton is for numbers that are compared: the kernel compares bytes.
func hton() expr.Any {
	return &expr.Byteorder{SourceRegister: 1, DestRegister: 1, Op: expr.ByteorderHton, Len: 4, Size: 4}
}

func bigEndian(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// drawn is met by a share of the packets, in steps of a millionth.
func drawn(share float64) statement {
	const steps = 1_000_000
	below := uint32(share * steps)
	return statement{fmt.Sprintf("numgen random mod %d < %d", steps, below), []expr.Any{
		&expr.Numgen{Register: 1, Modulus: steps, Type: unix.NFT_NG_RANDOM},
		hton(),
		&expr.Cmp{Op: expr.CmpOpLt, Register: 1, Data: bigEndian(below)},
	}}
}

// over is met by what comes faster, once the bytes of a second have come and a
// burst. A packet may be as long as 64 KiB before the device cuts it up.
func over(perSecond int64) statement {
	const burst = 128 << 10
	return statement{fmt.Sprintf("limit rate over %d bytes/second burst %d bytes", perSecond, burst), []expr.Any{
		&expr.Limit{Type: expr.LimitTypePktBytes, Rate: uint64(perSecond), Over: true, Unit: expr.LimitTimeSecond, Burst: burst}, //nolint:gosec // it is positive
	}}
}

func counter() statement { return statement{"counter", []expr.Any{&expr.Counter{}}} }

func verdict(text string, kind expr.VerdictKind, chain string) statement {
	return statement{text, []expr.Any{&expr.Verdict{Kind: kind, Chain: chain}}}
}

func drop() statement   { return verdict("drop", expr.VerdictDrop, "") }
func accept() statement { return verdict("accept", expr.VerdictAccept, "") }

func enter(chain string) statement { return verdict("goto "+chain, expr.VerdictGoto, chain) }

// alive leaves out RST itself, which ends a connection all the same and cannot
// be answered by another. It needs transport before it.
func alive() statement {
	const flags, rst = 13, 4 // offset of the flags, and one of them (RFC 9293)
	return statement{"tcp flags & rst == 0", []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: flags, Len: 1},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 1, Mask: []byte{rst}, Xor: []byte{0}},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{0}},
	}}
}

// nowhere sends to a port of this namespace that nobody has: the asker is told
// so, and not that it may not ask, as by a packet that is dropped on its way out.
func nowhere() statement {
	const tcpmux = 1
	return statement{"redirect to :1", []expr.Any{&expr.Immediate{Register: 1, Data: port(tcpmux)}, &expr.Redir{RegisterProtoMin: 1}}}
}

// reset answers with RST.
func reset() statement {
	return statement{"reject with tcp reset", []expr.Any{&expr.Reject{Type: unix.NFT_REJECT_TCP_RST}}}
}

// lead gives a packet to a listener, whose address it does not get: the
// connection looks as if the listener was the service. It needs family.
func lead(to netip.AddrPort) statement {
	protocol, name := byte(unix.NFPROTO_IPV4), "ip"
	if to.Addr().Is6() {
		protocol, name = unix.NFPROTO_IPV6, "ip6"
	}
	return statement{fmt.Sprintf("tproxy %s to %s", name, to), []expr.Any{
		&expr.Immediate{Register: 1, Data: to.Addr().AsSlice()},
		&expr.Immediate{Register: 2, Data: port(int(to.Port()))},
		&expr.TProxy{Family: protocol, RegAddr: 1, RegPort: 2},
	}}
}

// rule is statements one after the other.
type rule []statement

func (r rule) String() string {
	var out bytes.Buffer
	for i, s := range r {
		if i > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(s.text)
	}
	return out.String()
}

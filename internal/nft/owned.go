// Package nft makes nftables tables that end with the process that made them.
package nft

import (
	"errors"
	"fmt"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/netns"
)

// flagOwner is NFT_TABLE_F_OWNER (linux/netfilter/nf_tables.h, kernel 5.12).
const flagOwner = 2

// Owned is a table that belongs to one open socket: the kernel lets nobody
// else change it, and removes it when the socket closes, also by SIGKILL.
// Only what the table holds goes with it.
type Owned struct {
	// Table is where chains and rules go, by Conn and its Flush.
	Table *nftables.Table
	Conn  *nftables.Conn
}

// Own makes the table in a namespace. One of that name that is there already
// is refused: it is somebody else's.
func Own(ns *netns.Namespace, family nftables.TableFamily, name string) (*Owned, error) {
	var socket *netlink.Conn
	conn, err := nftables.New(nftables.WithNetNSFd(ns.Fd()), nftables.AsLasting(), nftables.WithSockOptions(func(c *netlink.Conn) error {
		socket = c
		return nil
	}))
	if err != nil {
		return nil, fmt.Errorf("opening a netlink socket for nftables: %w; run this as root, or with CAP_NET_ADMIN", err)
	}
	if err := create(socket, family, name); err != nil {
		return nil, errors.Join(fmt.Errorf("making nftables table %s: %w; it needs CAP_NET_ADMIN, kernel 5.12, and no table of that name", name, err), conn.CloseLasting())
	}
	return &Owned{Table: &nftables.Table{Name: name, Family: family}, Conn: conn}, nil
}

// Close removes the table and all that it holds.
func (o *Owned) Close() error { return o.Conn.CloseLasting() }

// create sends what nftables v0.3.0 cannot say: a new table with flags. The
// owner is the socket that sends it.
func create(socket *netlink.Conn, family nftables.TableFamily, name string) error {
	table, err := newTable(family, name)
	if err != nil {
		return err
	}
	begin, end := batchMark(unix.NFNL_MSG_BATCH_BEGIN), batchMark(unix.NFNL_MSG_BATCH_END)
	if _, err := socket.SendMessages([]netlink.Message{begin, table, end}); err != nil {
		return err
	}
	_, err = socket.Receive()
	return err
}

func newTable(family nftables.TableFamily, name string) (netlink.Message, error) {
	attributes, err := netlink.MarshalAttributes([]netlink.Attribute{
		{Type: unix.NFTA_TABLE_NAME, Data: []byte(name + "\x00")},
		{Type: unix.NFTA_TABLE_FLAGS, Data: []byte{0, 0, 0, flagOwner}},
	})
	return netlink.Message{
		Header: netlink.Header{
			Type:  netlink.HeaderType(unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_NEWTABLE),
			Flags: netlink.Request | netlink.Acknowledge | netlink.Create | netlink.Excl,
		},
		Data: append([]byte{byte(family), unix.NFNETLINK_V0, 0, 0}, attributes...),
	}, err
}

func batchMark(kind netlink.HeaderType) netlink.Message {
	return netlink.Message{
		Header: netlink.Header{Type: kind, Flags: netlink.Request},
		Data:   []byte{unix.AF_UNSPEC, unix.NFNETLINK_V0, 0, unix.NFNL_SUBSYS_NFTABLES},
	}
}

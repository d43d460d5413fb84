package nft

import (
	"errors"
	"fmt"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/netns"
)

// Try asks the kernel whether it would take an owned table with all that fill
// adds to it, and changes nothing: a batch without its end is judged, message
// by message, and dropped (nfnetlink_rcv_batch, as of nft --check).
func Try(ns *netns.Namespace, family nftables.TableFamily, name string, fill func(*nftables.Conn, *nftables.Table)) error {
	filled, err := messages(&nftables.Table{Name: name, Family: family}, fill)
	if err != nil {
		return fmt.Errorf("encoding nftables table %s: %w", name, err)
	}
	table, err := newTable(family, name)
	if err != nil {
		return err
	}
	socket, err := netlink.Dial(unix.NETLINK_NETFILTER, &netlink.Config{NetNS: ns.Fd()})
	if err != nil {
		return fmt.Errorf("opening a netlink socket for nftables: %w; run this as root, or with CAP_NET_ADMIN", err)
	}
	all := append([]netlink.Message{batchMark(unix.NFNL_MSG_BATCH_BEGIN), table}, filled...)
	_, err = socket.SendMessages(all)
	for range all[1:] {
		if err != nil {
			break
		}
		_, err = socket.Receive()
	}
	if err = errors.Join(err, socket.Close()); err != nil {
		return fmt.Errorf("trying nftables table %s: %w; it needs CAP_NET_ADMIN, kernel 5.12, and its nftables modules", name, err)
	}
	return nil
}

var errTaken = errors.New("the messages were taken")

// messages are what fill would send.
func messages(t *nftables.Table, fill func(*nftables.Conn, *nftables.Table)) ([]netlink.Message, error) {
	var taken []netlink.Message
	conn, err := nftables.New(nftables.WithTestDial(func(all []netlink.Message) ([]netlink.Message, error) {
		if taken == nil {
			taken = all
		}
		return nil, errTaken
	}))
	if err != nil {
		return nil, err
	}
	fill(conn, t)
	if err := conn.Flush(); !errors.Is(err, errTaken) {
		return nil, errors.Join(errors.New("it holds nothing"), err)
	}
	return taken[1 : len(taken)-1], nil // without the marks of the batch
}

// Has says whether a namespace has a table of that name with chains in it.
func Has(ns *netns.Namespace, family nftables.TableFamily, name string) (bool, error) {
	chains, err := Chains(ns, family)
	for _, c := range chains {
		if c.Table.Name == name {
			return true, nil
		}
	}
	return false, err
}

// Chains are all of a namespace, of every table of the family.
func Chains(ns *netns.Namespace, family nftables.TableFamily) ([]*nftables.Chain, error) {
	conn, err := nftables.New(nftables.WithNetNSFd(ns.Fd()))
	var chains []*nftables.Chain
	if err == nil {
		chains, err = conn.ListChainsOfTableFamily(family)
	}
	if err != nil {
		return nil, fmt.Errorf("listing the nftables chains of a namespace: %w; run this as root, or with CAP_NET_ADMIN", err)
	}
	return chains, nil
}

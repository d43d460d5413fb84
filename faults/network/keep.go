package network

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/google/nftables"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/netns"
	"github.com/k2-platform/faultline/internal/nft"
	"github.com/k2-platform/faultline/ledger"
)

const keepSignal = syscall.SIGUSR1

// Keep is the keeper's process: it reads one receipt from orders, puts its
// fault in force in the network namespace that it was started in, says so in
// a line on word, and closes both. It returns at the receipt's deadline, when
// the lease lapses, or when ctx ends; the fault goes with it, and by the
// kernel if it is killed. Orders that end before the receipt does are no error:
// who started it is gone.
func Keep(ctx context.Context, orders io.ReadCloser, word io.WriteCloser) error {
	signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP)
	kept := make(chan os.Signal, 1)
	signal.Notify(kept, keepSignal)
	defer signal.Stop(kept)
	line, err := bufio.NewReader(orders).ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the receipt: %w", err)
	}
	l, err := readLife(line)
	var f *force
	if err == nil {
		f, err = enforce(l.receipt)
	}
	said := ready
	if err != nil {
		said = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	// Whoever listens may be gone: the lease is what tells.
	_, _ = fmt.Fprintln(word, said)
	_ = errors.Join(word.Close(), orders.Close())
	if err != nil {
		return err
	}
	l.wait(ctx, kept)
	return f.Close()
}

// life is how long a fault is kept.
type life struct {
	receipt faults.Receipt
	lease   time.Duration
}

func readLife(line []byte) (life, error) {
	var l life
	if err := json.Unmarshal(line, &l.receipt); err != nil {
		return l, fmt.Errorf("reading the receipt: %w", err)
	}
	boot, err := ledger.BootID()
	if err != nil {
		return l, err
	}
	if ledger.Expired(l.receipt, ledger.Boottime(), boot) {
		return l, fmt.Errorf("receipt %s has expired", l.receipt.ID)
	}
	l.lease, err = time.ParseDuration(l.receipt.Undo[undoLease])
	if err != nil || l.lease <= 0 {
		return l, fmt.Errorf("receipt %s has no lease: %w", l.receipt.ID, errors.Join(err, faults.ErrRefused))
	}
	return l, nil
}

// oftenEnough is how late a lapse may be seen after the machine slept:
// CLOCK_BOOTTIME goes on meanwhile, and timers do not.
const oftenEnough = time.Second

// wait returns when the life is over.
func (l life) wait(ctx context.Context, kept <-chan os.Signal) {
	last := ledger.Boottime()
	for {
		left := min(l.receipt.Expires, last+l.lease) - ledger.Boottime()
		if left <= 0 {
			return
		}
		timer := time.NewTimer(min(left, oftenEnough))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-kept:
			last = ledger.Boottime()
		case <-timer.C:
		}
		timer.Stop()
	}
}

// force is a fault that is in force until Close.
type force struct {
	table *nft.Owned
	proxy *proxy // nil: it needs none
}

func enforce(r faults.Receipt) (*force, error) {
	w, err := readWork(r)
	if err != nil {
		return nil, err
	}
	here, f := &netns.Namespace{}, &force{}
	rules := table(nil)
	switch w.How {
	case byRules:
		rules = tableOf(w)
	case byProxy:
		rules, err = f.listen(here, w)
	default:
		err = fmt.Errorf("%w: it knows no way %q", faults.ErrRefused, w.How)
	}
	if err == nil {
		f.table, err = nft.Own(here, nftables.TableFamilyINet, tableName(r.ID))
	}
	if err == nil {
		rules.fill(f.table.Conn, f.table.Table)
		err = f.table.Conn.Flush()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making the nftables table of %s: %w", r.ID, err), f.Close())
	}
	return f, nil
}

// listen starts the proxy, and gives the rules that lead to it.
func (f *force) listen(here *netns.Namespace, w work) (table, error) {
	chains, err := nft.Chains(here, nftables.TableFamilyINet)
	if err != nil {
		return nil, err
	}
	at := placeAfter(chains)
	if at > lastPlace {
		return nil, fmt.Errorf("%w: %d faults stand in a row already; undo some", faults.ErrRefused, lastPlace)
	}
	var listeners []netip.AddrPort
	f.proxy, listeners, err = newProxy(w, at)
	if err != nil {
		return nil, err
	}
	return leadTable(w, at, listeners), nil
}

// Close takes the table away, and then ends what went through the proxy.
func (f *force) Close() error {
	var err error
	if f.table != nil {
		err = f.table.Close()
	}
	if f.proxy != nil {
		err = errors.Join(err, f.proxy.Close())
	}
	return err
}

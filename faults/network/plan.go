package network

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/google/nftables"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/netns"
	"github.com/k2-platform/faultline/internal/nft"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// Plan notes the namespace by what it is and not by its path alone, and asks
// the kernel whether it would take the fault's table. Refusals are
// faults.ErrRefused.
func (d Driver) Plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	r, err := d.plan(ctx, f, t)
	return faults.Planned(d.Kind, f, r, err)
}

func (d Driver) plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	kind := faults.Find(Kinds(), d.Kind)
	if err := kind.Check(f, t); err != nil {
		return faults.Receipt{}, err
	}
	if t.Network == nil {
		return faults.Receipt{}, fmt.Errorf("%w: it is no network", faults.ErrRefused)
	}
	w, err := workOf(kind, f.With, *t.Network)
	if err != nil {
		return faults.Receipt{}, err
	}
	path, err := d.namespace(ctx, *t.Network)
	if err != nil {
		return faults.Receipt{}, err
	}
	id, err := examine(path, w)
	if err != nil {
		return faults.Receipt{}, err
	}
	dir, err := d.dir()
	if err != nil {
		return faults.Receipt{}, err
	}
	text, err := w.write()
	if err != nil {
		return faults.Receipt{}, err
	}
	boot, err := process.BootID()
	return faults.Receipt{Kind: d.Kind, Target: string(f.Target), BootID: boot, Undo: map[string]string{
		undoHow: string(w.How), undoNamespace: path, undoID: id, undoDir: dir, undoWork: text, undoLease: d.lease().String(),
	}}, err
}

// namespace is the path of the target's; "" is the host's.
func (d Driver) namespace(ctx context.Context, n spec.Network) (string, error) {
	path := n.Namespace
	if n.Container != nil || n.Pod != nil {
		if d.Namespaces == nil {
			return "", fmt.Errorf("%w: nothing here asks where the namespace of a container or pod is; write namespace: /proc/PID/ns/net, of a process in it",
				faults.ErrRefused)
		}
		var err error
		if path, err = d.Namespaces.Namespace(ctx, n); err != nil {
			return "", err
		}
	}
	if path == "" {
		return "", nil
	}
	return filepath.Abs(path) // the one who undoes may stand in another folder
}

// examine says which namespace it is, and refuses what cannot be done there.
func examine(path string, w work) (id string, err error) {
	refuse := func(err error) error {
		if err != nil && !errors.Is(err, faults.ErrRefused) {
			err = fmt.Errorf("%w: %w", faults.ErrRefused, err)
		}
		return err
	}
	own, err := (&netns.Namespace{}).ID()
	if err != nil {
		return "", err
	}
	ns, err := netns.Open(path)
	if err != nil {
		return "", refuse(err)
	}
	defer func() { err = errors.Join(err, ns.Close()) }()
	if id, err = ns.ID(); err != nil {
		return "", refuse(err)
	}
	if err := w.fits(id == own); err != nil {
		return "", err
	}
	if err := ns.Do(func() error { return nil }); err != nil { // a keeper is to start there
		return "", refuse(err)
	}
	return id, refuse(nft.Try(ns, nftables.TableFamilyINet, tablePrefix+"trial", trial(w).fill))
}

// trial is a table as it will be; only what a proxy has yet to find out is
// made up.
func trial(w work) table {
	if w.How == byProxy {
		return leadTable(w, 1, []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1"), netip.MustParseAddrPort("[::1]:1")})
	}
	return tableOf(w)
}

// dir is where records of keepers lie.
func (d Driver) dir() (string, error) {
	dir := d.Dir
	if dir == "" {
		dir = os.TempDir()
	}
	dir, err := filepath.Abs(dir)
	return filepath.Join(dir, "network"), err
}

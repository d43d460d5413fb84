package network

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/netns"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/process"
)

// What a receipt holds.
const (
	undoHow       = "how"
	undoNamespace = "namespace"    // path; "": the host's
	undoID        = "namespace_id" // what it is, as netns.Namespace has it
	undoDir       = "keepers"      // folder of the keepers' records
	undoLease     = "lease"
)

const tablePrefix = "faultline_"

// errOther says that the namespace of a receipt is gone from its path.
var errOther = errors.New("the target's network namespace is gone")

// place is where a fault is: its namespace, its table there, and the record of
// its keeper.
type place struct{ path, id, table, record string }

func placeOf(r faults.Receipt) (place, error) {
	p := place{path: r.Undo[undoNamespace], id: r.Undo[undoID], table: tableName(r.ID)}
	dir := r.Undo[undoDir]
	if p.id == "" || !filepath.IsAbs(dir) || r.ID == "" {
		return p, fmt.Errorf("receipt %q names no network namespace, or no folder of keepers", r.ID)
	}
	p.record = filepath.Join(dir, p.table+".json")
	return p, nil
}

// tableName is the receipt's id as far as it is readable, and a digest of it.
func tableName(id string) string {
	readable := strings.Map(func(r rune) rune {
		if r < 128 && (r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			return r
		}
		return '_'
	}, id)
	sum := sha256.Sum256([]byte(id))
	return tablePrefix + readable[:min(len(readable), 80)] + "_" + hex.EncodeToString(sum[:6])
}

// open opens the very namespace that was planned for; errOther where it is not
// at its path any more.
func (p place) open() (*netns.Namespace, error) {
	ns, err := netns.Open(p.path)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return nil, fmt.Errorf("%w: %w", errOther, err)
	}
	if err != nil {
		return nil, err
	}
	id, err := ns.ID()
	if err == nil && id == p.id {
		return ns, nil
	}
	return nil, errors.Join(fmt.Errorf("%w: another one, or none, is at %q", errOther, p.path), err, ns.Close())
}

// keeper is the process that has the table; the zero record, which is not
// alive, where none was started.
func (p place) keeper() (process.Record, error) {
	r, err := process.Read(p.record)
	if errors.Is(err, process.ErrNoRecord) {
		return process.Record{}, nil
	}
	return r, err
}

// end kills the keeper, and waits until it is gone.
func (p place) end(ctx context.Context) error {
	keeper, err := p.keeper()
	if err != nil {
		return err
	}
	if err := process.Signal(keeper, syscall.SIGKILL); err != nil && !errors.Is(err, process.ErrNotSame) {
		return err
	}
	for {
		state, err := keeper.Look()
		if err == nil && state == process.Gone {
			return nil
		}
		if !pause.For(ctx, lookEvery) {
			return fmt.Errorf("waiting for keeper %d to end: %w", keeper.PID, errors.Join(ctx.Err(), err))
		}
	}
}

func (p place) forget() error {
	if err := os.Remove(p.record); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing the record of a keeper that ended: %w", err)
	}
	return nil
}

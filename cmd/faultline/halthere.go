package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
)

// hereWithin bounds the undoing of what this host's ledger holds.
const hereWithin = 15 * time.Second

// here is what a halt did by itself on this host.
type here struct {
	HaltFile string   `json:"halt_file,omitempty"` // that was written, and bars everything
	Undone   []string `json:"undone,omitempty"`
	Failed   []string `json:"failed,omitempty"`
}

// holderOf is the name of the agent that last had a ledger.
func holderOf(home string) string {
	_, name, _ := strings.Cut(process.Holder(claimFile(home)), "agent ")
	name, _, _ = strings.Cut(name, ",")
	return name
}

// haltHere bars what is to come on this host and undoes what is there, whoever
// else is alive: agent and reaper obey the same ledger and file, and a fault
// that several undo is undone once. nil where no ledger is.
func haltHere(ctx context.Context, home string, o halt.Order) *here {
	if _, err := os.Stat(ledgerDir(home)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, hereWithin)
	defer stop()
	out := &here{}
	l, err := ledger.Open(ledgerDir(home))
	if err != nil {
		out.Failed = append(out.Failed, err.Error())
	}
	if l == nil && !o.All() {
		return out
	}
	if err := out.bar(ctx, l, home, o); err != nil {
		out.Failed = append(out.Failed, err.Error())
	}
	if l == nil {
		return out
	}
	live, err := l.Live(ctx)
	if err != nil {
		out.Failed = append(out.Failed, err.Error())
	}
	var mu sync.Mutex
	var wait sync.WaitGroup
	for _, r := range live {
		if !o.All() && r.Experiment != string(o.Experiment) {
			continue
		}
		wait.Go(func() {
			err := undoHalted(ctx, l, home, r, o)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				out.Failed = append(out.Failed, fmt.Sprintf("%v; by hand: faultline --home %s ledger undo %s", err, home, r.ID))
				return
			}
			out.Undone = append(out.Undone, r.ID)
		})
	}
	wait.Wait()
	return out
}

// bar keeps new faults away: all of them by the file, which also an agent
// obeys that cannot be reached; those of one experiment by the ledger.
func (h *here) bar(ctx context.Context, l *ledger.Ledger, home string, o halt.Order) error {
	if !o.All() {
		return l.Halt(ctx, ledger.Halt{ID: o.ID, Experiment: string(o.Experiment), By: o.By, Why: o.Why, At: o.At})
	}
	path := filepath.Join(home, ledger.HaltFileName)
	h.HaltFile = path
	if _, there := ledger.HaltFile(path); there {
		return nil // it halts already, and says why
	}
	err := process.WriteFile(path, []byte(o.Why+" ("+o.By+")\n"), 0o600)
	if err != nil {
		// A full disk has room for an empty file.
		f, empty := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the operator's own folder
		if empty != nil {
			h.HaltFile = ""
			return fmt.Errorf("writing the halt file: %w", errors.Join(err, empty))
		}
		return f.Close()
	}
	return nil
}

func undoHalted(ctx context.Context, l *ledger.Ledger, home string, r faults.Receipt, o halt.Order) error {
	_, err := l.Undo(ctx, r.ID, string(events.Halt), o.By+" by faultline halt", rollBack(drivers.All(home)))
	return err
}

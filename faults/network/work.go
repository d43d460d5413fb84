package network

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/params"
	"github.com/k2-platform/faultline/spec"
)

// how a fault is done; a receipt says it, so that whoever undoes it knows.
type how string

const (
	byRules how = "nftables"
	byProxy how = "nftables, led into a proxy"
)

// work is all that decides what becomes of which packets. It stands in the
// receipt.
type work struct {
	Kind    string         `json:"kind"`
	How     how            `json:"how"`
	Ports   []int          `json:"ports,omitempty"`   // none: all, but what never leaves the namespace
	Sources []netip.Prefix `json:"sources,omitempty"` // none: all

	Direction string        `json:"direction,omitempty"`
	Share     float64       `json:"share,omitempty"`
	Delay     time.Duration `json:"delay_ns,omitempty"`
	Jitter    time.Duration `json:"jitter_ns,omitempty"`
	PerSecond int64         `json:"bytes_per_second,omitempty"`
	Refused   bool          `json:"refused,omitempty"` // name servers; else they are silent
}

// workOf reads what kind.Check has let pass.
func workOf(kind faults.Kind, written map[string]string, n spec.Network) (work, error) {
	w := work{Kind: kind.Name, How: byRules, Ports: n.Ports}
	for _, text := range n.Sources {
		p, err := spec.ReadSource(text)
		if err != nil {
			return w, fmt.Errorf("%w: %w", faults.ErrRefused, err)
		}
		w.Sources = append(w.Sources, p)
	}
	var problems []error
	for _, p := range kind.Parameters {
		text := cmp.Or(written[p.Name], p.Default)
		if text == "" {
			continue
		}
		var err error
		switch p.Name {
		case "direction":
			w.Direction = text
		case "how":
			w.Refused = text == refused
		case "share":
			w.Share, err = params.Share(text)
		case "delay":
			w.Delay, err = params.Duration(text)
		case "jitter":
			w.Jitter, err = params.Duration(text)
		case "bytes_per_second":
			w.PerSecond, err = params.Size(text)
		}
		problems = append(problems, err)
	}
	// Ports are TCP's: their bytes can be held back by a process, in order.
	if w.Kind == Delay || w.Kind == Bandwidth && len(w.Ports) > 0 {
		w.How = byProxy
	}
	return w, errors.Join(problems...)
}

// fits refuses what cannot be done to a target whose traffic that is.
func (w work) fits(hosts bool) error {
	switch {
	case w.Kind == DNS && hosts:
		return fmt.Errorf("%w: the host's name servers are everybody's; name the target's namespace, or its container", faults.ErrRefused)
	case w.Kind == DNS:
		return nil
	case hosts && len(w.Ports) == 0:
		return fmt.Errorf("%w: it is all the traffic of the host; name the target's ports", faults.ErrRefused)
	case w.Kind == Delay && len(w.Ports) == 0:
		return fmt.Errorf("%w: only the traffic of named TCP ports can be delayed; name the target's ports", faults.ErrRefused)
	case w.PerSecond > math.MaxUint32:
		return fmt.Errorf("%w: %d bytes a second are no bound; write less than 4GiB", faults.ErrRefused, w.PerSecond)
	}
	return nil
}

// takes says whether the fault is of that direction, in or out.
func (w work) takes(direction string) bool { return w.Direction == direction || w.Direction == both }

const undoWork = "fault"

func (w work) write() (string, error) {
	raw, err := json.Marshal(w)
	return string(raw), err
}

func readWork(r faults.Receipt) (work, error) {
	var w work
	if err := json.Unmarshal([]byte(r.Undo[undoWork]), &w); err != nil {
		return w, fmt.Errorf("reading what receipt %s does: %w", r.ID, err)
	}
	return w, nil
}

package dispatch

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/spec"
)

// fresh is how long ago an agent may have said hello and still count as there.
const fresh = 4 * time.Second

// Why no agent can be asked.
var (
	ErrNoAgent   = errors.New("no agent serves the target")
	ErrTwoAgents = errors.New("more than one agent serves the target")
)

// Roster knows the agents that say hello. The zero value knows none.
type Roster struct {
	mu    sync.Mutex
	heard map[string]halt.Heard
}

// Hear notes a hello.
func (r *Roster) Hear(h halt.Heard) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.heard == nil {
		r.heard = map[string]halt.Heard{}
	}
	r.heard[h.Name] = h
}

// For finds the one agent that serves a target. Where none was heard lately
// the error is ErrNoAgent, beside the one that was heard last, if any: it may
// come back.
func (r *Roster) For(target spec.TargetName, now time.Time) (halt.Heard, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var there, gone []halt.Heard
	for _, name := range slices.Sorted(maps.Keys(r.heard)) {
		h := r.heard[name]
		if !slices.Contains(h.Targets, target) {
			continue
		}
		if now.Sub(h.At) <= fresh {
			there = append(there, h)
		} else {
			gone = append(gone, h)
		}
	}
	switch {
	case len(there) == 1:
		return there[0], nil
	case len(there) > 1:
		return halt.Heard{}, fmt.Errorf("%w %s: %s; take it out of the targets of all but one", ErrTwoAgents, target, names(there))
	case len(gone) > 0:
		return gone[0], fmt.Errorf("%w %s: agent %s was last heard %s ago", ErrNoAgent, target, gone[0].Name, now.Sub(gone[0].At).Round(time.Second))
	}
	return halt.Heard{}, fmt.Errorf("%w %s; start one: faultline agent --name NAME --targets FILE", ErrNoAgent, target)
}

func names(all []halt.Heard) string {
	out := make([]string, len(all))
	for i, h := range all {
		out[i] = h.Name
	}
	return strings.Join(out, ", ")
}

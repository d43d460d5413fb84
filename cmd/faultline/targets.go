package main

import (
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/k2-platform/faultline/spec"
)

// targets are what an agent may break: those of a platform's description,
// which is read again when it changes.
type targets struct {
	file string
	log  *slog.Logger

	mu      sync.Mutex
	seen    stamp
	last    spec.Platform
	problem error
}

// stamp tells one content of a file from the next.
type stamp struct {
	at   time.Time
	size int64
}

// read gives the targets as they are described now. A description that cannot
// be read is an error, whatever an earlier one said.
func (t *targets) read() (spec.Platform, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	info, err := os.Stat(t.file)
	if err != nil {
		t.seen = stamp{}
		return spec.Platform{}, fmt.Errorf("reading the targets: %w; name their description with --targets", err)
	}
	if now := (stamp{info.ModTime(), info.Size()}); now != t.seen {
		t.seen = now
		t.last, t.problem = loadPlatform(t.file)
		if t.problem != nil {
			t.log.Error("reading the targets: none can be broken until this is mended", "error", t.problem)
		}
	}
	return t.last, t.problem
}

// names lists them in order.
func (t *targets) names() []spec.TargetName {
	p, err := t.read()
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(p.Targets))
}

func (t *targets) find(name spec.TargetName) (spec.Target, error) {
	p, err := t.read()
	if err != nil {
		return spec.Target{}, err
	}
	found, ok := p.Target(name)
	if !ok {
		return spec.Target{}, fmt.Errorf("finding target %s: %s has %s", name, t.file, names(slices.Sorted(maps.Keys(p.Targets))))
	}
	return found, nil
}

// agentName makes a name for an agent out of a host's.
func agentName(host string) string {
	name := strings.Map(func(c rune) rune {
		if c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return c
		}
		return '-'
	}, host)
	if name = strings.Trim(name, "-"); name == "" {
		return "agent"
	}
	return name[:min(len(name), 64)]
}

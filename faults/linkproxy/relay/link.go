package relay

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/k2-platform/faultline/faults/linkproxy/rule"
	"github.com/k2-platform/faultline/internal/pause"
)

// link is a Link that is served.
type link struct {
	Link
	port *port
	log  *slog.Logger
	now  atomic.Pointer[state]

	mu    sync.Mutex
	conns map[*conn]struct{}
}

func newLink(l Link, p *port, log *slog.Logger) *link {
	out := &link{Link: l, port: p, log: log.With("link", l.Name), conns: map[*conn]struct{}{}}
	out.now.Store(&state{changed: make(chan struct{})})
	return out
}

// set puts rules in force; what stays goes on counting. Connections look again
// at once: those that a fault does not concern go on where they are.
func (l *link) set(rules []rule.Rule) {
	old := l.now.Load()
	next := &state{changed: make(chan struct{})}
	for _, r := range rules {
		i := slices.IndexFunc(old.rules, func(a *active) bool { return a.ID == r.ID })
		if i >= 0 {
			next.rules = append(next.rules, old.rules[i])
			continue
		}
		next.rules = append(next.rules, newActive(r))
	}
	if slices.Equal(old.rules, next.rules) {
		return
	}
	l.now.Store(next)
	for _, a := range old.rules {
		if !slices.Contains(next.rules, a) {
			close(a.lifted)
		}
	}
	close(old.changed)
	l.tell(next)
	l.heed(next)
}

// tell has connections look again, or ends them.
func (l *link) tell(next *state) {
	ends := next.has(rule.Reset, rule.Unreachable)
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, _, err := l.listener(); err != nil && !errors.Is(err, net.ErrClosed) {
		l.log.Warn("nobody can connect for now", "error", err) // it is tried again
	}
	for c := range l.conns {
		if ends != nil {
			ends.met.Add(1)
			c.reset()
			continue
		}
		c.stir()
	}
}

const (
	heedWithin = 50 * time.Millisecond
	heedLook   = 100 * time.Microsecond
)

// heed waits until every connection has looked, so that what is sent from now
// on meets what is in force. One that waits for its receiver to read does not
// look: it passes on what a pipe holds, and looks then.
func (l *link) heed(next *state) {
	ctx, stop := context.WithTimeout(context.Background(), heedWithin)
	defer stop()
	for l.heedless(next) && pause.For(ctx, heedLook) {
	}
}

func (l *link) heedless(next *state) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		if c.out.looks(next) || c.in.looks(next) {
			return true
		}
	}
	return false
}

// hold keeps a connection in mind while it is carried; false: a fault ends it,
// which may have come while it was dialled.
func (l *link) hold(c *conn) (release func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ends := l.now.Load().has(rule.Reset, rule.Unreachable); ends != nil {
		ends.met.Add(1)
		return nil, false
	}
	l.conns[c] = struct{}{}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.conns, c)
	}, true
}

// listener is where the link accepts, nil while a fault has it refuse: then
// nobody listens. It is called under l.mu.
func (l *link) listener() (net.Listener, *state, error) {
	s := l.now.Load()
	if s.has(rule.Unreachable) != nil {
		l.port.shut()
		return nil, s, nil
	}
	at, err := l.port.open()
	return at, s, err
}

// reach is listener for who accepts.
func (l *link) reach() (net.Listener, *state, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.listener()
}

// end closes every connection.
func (l *link) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.close()
	}
}

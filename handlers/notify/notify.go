// Package notify tells stakeholders, through services that are named by URL,
// of an experiment's start, rollback, halt, stuck fault and end. It decides
// nothing, and nobody waits for it: a slow or dead service costs a message.
package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/spec"
)

// Result is what became of a notification, or of one attempt at it.
type Result string

// The results. Retried counts attempts; the others count notifications.
const (
	Sent    Result = "sent"
	Retried Result = "retried"
	GivenUp Result = "given_up"
	Dropped Result = "dropped"
)

// Results is every result there is.
func Results() []Result { return []Result{Sent, Retried, GivenUp, Dropped} }

// DefaultRetryFor is how long a message is tried again.
const DefaultRetryFor = 5 * time.Minute

// staleAfter is the age at which an event that is read back from the log is
// news no more. A fault that is stuck now is always news.
const staleAfter = 10 * time.Minute

// A log that was restored hands its recent batches on again, and no older
// ones: this does not compile where that leaves out news.
const _ = uint(handlers.Recent - staleAfter)

// lastWithin bounds what is sent once the daemon was asked to end.
const lastWithin = 2 * time.Second

// Config of a Notifier. Without URLs it tells nobody.
type Config struct {
	URLs     []string      // secrets; never logged
	On       []string      // kinds to tell of; default all
	RetryFor time.Duration // default DefaultRetryFor; a stuck fault is tried for ever
	Dir      string        // where it is kept what was told already
	Log      *slog.Logger
	Count    func(Result) // may be nil; must not block
}

// Notifier sends messages about accepted batches. Notice may be called from
// any goroutine, before and while Run runs.
type Notifier struct {
	on      []Kind
	targets []*target

	mu     sync.Mutex
	caught bool
	held   []Message                       // read back and still news
	stuck  map[spec.ExperimentID][]Message // read back, old, and news as long as they hold
}

// New checks every URL without sending anything. Its errors say which URL is
// meant by its place in the list, not by its text.
func New(cfg Config) (*Notifier, error) {
	n := &Notifier{stuck: map[spec.ExperimentID][]Message{}}
	var problems []error
	for _, k := range cfg.On {
		if !slices.Contains(Kinds(), Kind(k)) {
			problems = append(problems, fmt.Errorf("notify.on: %q is no kind of notification; write some of %v", k, Kinds()))
		}
		n.on = append(n.on, Kind(k))
	}
	if len(cfg.On) == 0 {
		n.on = Kinds()
	}
	if cfg.RetryFor < 0 {
		problems = append(problems, fmt.Errorf("notify.retry_for is %s; write a positive duration, as in 5m", cfg.RetryFor))
	}
	for i, raw := range cfg.URLs {
		if raw = strings.TrimSpace(raw); raw == "" {
			continue
		}
		s, err := dial(raw, i+1)
		if err != nil {
			problems = append(problems, fmt.Errorf("notify.urls, number %d: %w", i+1, err))
			continue
		}
		n.targets = append(n.targets, newTarget(cfg, s))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("setting up notifications: %w", err)
	}
	return n, nil
}

// Notice queues what an accepted batch is worth telling. It never blocks: it
// is called under the log's lock. Until Caught, batches are history: only
// young ones are news, and faults that are stuck to this day.
func (n *Notifier) Notice(a handlers.Accepted) {
	if len(n.targets) == 0 {
		return
	}
	messages := slices.DeleteFunc(Of(a.Batch, a.State), func(m Message) bool { return !slices.Contains(n.on, m.Kind) })
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.caught {
		n.recall(a, messages)
		return
	}
	n.push(messages)
}

func (n *Notifier) recall(a handlers.Accepted, messages []Message) {
	if a.State.Phase != experiment.Stuck {
		delete(n.stuck, a.Batch.Experiment)
	}
	for _, m := range messages {
		switch {
		case time.Since(m.At) < staleAfter:
			n.held = append(n.held, m)
		case m.Kind == Stuck:
			n.stuck[m.Experiment] = append(n.stuck[m.Experiment], m)
		}
	}
}

// Caught says that the log was read to its end: what is noticed from now on
// happens now.
func (n *Notifier) Caught() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.caught = true
	for _, messages := range n.stuck {
		n.push(messages)
	}
	n.push(n.held)
	n.held, n.stuck = nil, nil
}

func (n *Notifier) push(messages []Message) {
	for _, m := range messages {
		for _, t := range n.targets {
			t.push(m)
		}
	}
}

// Run sends until ctx ends, and then, for a moment, what is left. What could
// not be sent then is sent by the next life, if it is news still.
func (n *Notifier) Run(ctx context.Context) {
	sends, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastWithin, stop) })()
	var running sync.WaitGroup
	for _, t := range n.targets {
		running.Go(func() { t.run(ctx, sends) })
	}
	running.Wait()
}

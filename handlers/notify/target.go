package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

const (
	sendWithin = 15 * time.Second
	firstPause = time.Second
	maxPause   = time.Minute
	// maxHanging is how many sends without an answer may be outstanding for
	// one URL: mail servers can keep one for ever.
	maxHanging = 4
)

var errHanging = errors.New("earlier messages have no answer yet; see whether the service is well")

// target is one URL with its queue and its worker. sender is called by one
// goroutine at a time, except for calls that were given up on.
type target struct {
	sender   sender
	queue    *queue
	told     *told
	retryFor time.Duration
	log      *slog.Logger
	count    func(Result)
	hanging  chan struct{}
}

// sender sends to one URL. Its errors hold no secret.
type sender interface {
	label() string // fit to be logged
	id() string    // of the URL, for a file name
	send(ctx context.Context, m Message) error
}

func newTarget(cfg Config, s sender) *target {
	t := &target{
		sender: s, queue: newQueue(), retryFor: cmp.Or(cfg.RetryFor, DefaultRetryFor), log: cfg.Log, count: cfg.Count,
		hanging: make(chan struct{}, maxHanging),
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	if t.count == nil {
		t.count = func(Result) {}
	}
	t.log = t.log.With("notify", s.label())
	var err error
	if t.told, err = openTold(cfg.Dir, s.id()); err != nil {
		t.log.Warn("it is not known what was notified of before; recent notifications may be sent again", "error", err)
	}
	return t
}

func (t *target) push(m Message) {
	if t.told.has(m) {
		return
	}
	if t.queue.push(m) {
		t.count(Dropped)
	}
}

// run sends until ctx ends, then tries once what is left, until sends ends.
func (t *target) run(ctx, sends context.Context) {
	pause := firstPause
	for ctx.Err() == nil {
		it := t.queue.head()
		if it == nil {
			select {
			case <-t.queue.wake:
			case <-ctx.Done():
			}
			continue
		}
		if t.try(sends, it) {
			pause = firstPause
			continue
		}
		t.rest(ctx, pause)
		pause = min(2*pause, maxPause)
	}
	for _, it := range t.queue.all() {
		if sends.Err() != nil {
			return
		}
		t.try(sends, it)
	}
}

// rest waits between tries. A stuck fault does not wait.
func (t *target) rest(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.queue.urgent:
	case <-ctx.Done():
	}
}

// try sends one message and says whether the URL took it.
func (t *target) try(ctx context.Context, it *item) bool {
	if it.Kind == Stuck {
		select { // this try answers the signal
		case <-t.queue.urgent:
		default:
		}
	}
	err := t.attempt(ctx, it.Message)
	it.tries++
	log := t.log.With("experiment", it.Experiment, "kind", it.Kind)
	overdue := time.Since(it.since) >= t.retryFor
	switch {
	case err == nil:
		t.settle(it, Sent, log)
		return true
	case ctx.Err() != nil:
	case overdue && it.Kind != Stuck:
		log.Error("gave up a notification", "tries", it.tries, "error", err)
		t.settle(it, GivenUp, log)
	default:
		t.count(Retried)
		if it.tries == 1 {
			log.Warn("a notification was not taken and is tried again", "error", err)
		}
		if overdue {
			t.queue.postpone(it)
		}
	}
	return false
}

func (t *target) settle(it *item, r Result, log *slog.Logger) {
	t.queue.remove(it)
	t.count(r)
	if err := t.told.add(it.Message); err != nil {
		log.Warn("this notification may be sent again after a restart", "error", err)
	}
}

// attempt bounds one send, whatever the service's client does.
func (t *target) attempt(ctx context.Context, m Message) error {
	select {
	case t.hanging <- struct{}{}:
	default:
		return errHanging
	}
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	answer := make(chan error, 1)
	go func() {
		defer func() { <-t.hanging }()
		defer func() {
			// The services are many and not ours; the daemon that undoes
			// faults does not die of one.
			if p := recover(); p != nil {
				answer <- errors.New("its client panicked; report it to the library that docs/NOTIFY.md names")
			}
		}()
		answer <- t.sender.send(ctx, m)
	}()
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return fmt.Errorf("no answer within %s", sendWithin)
	}
}

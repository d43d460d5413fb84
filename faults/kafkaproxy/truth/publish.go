package truth

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/k2-platform/faultline/internal/bus/poison"
	"github.com/k2-platform/faultline/internal/cloudevent"
	"github.com/k2-platform/faultline/internal/pause"
)

const (
	// batchEntries is how many entries go into one record: some 200 KiB.
	batchEntries = 400
	// settleWithin is how long the broker's word on a produced batch is waited
	// for; after that its offsets count as unknown.
	settleWithin = time.Minute
	firstPause   = 200 * time.Millisecond
	maxPause     = 5 * time.Second
	// complainEvery is how often an outage is told.
	complainEvery = 30 * time.Second
)

// Sender publishes one record under its subject as key, and returns once the
// log has it. A poison error says that it never will.
type Sender interface {
	Publish(ctx context.Context, e cloudevent.Event) error
}

// PublisherOptions tune a Publisher. The zero value has the defaults.
type PublisherOptions struct {
	// Grace is how long what is on disk is still published at the end, default
	// 5 s; the rest waits for the next run.
	Grace time.Duration
	// Log is told of outages; nil is silent.
	Log *slog.Logger
}

// Publisher brings what a journal holds to the log, in its order and at least
// once, and deletes it there. Nothing waits for it but the journal's room. Run
// it once.
type Publisher struct {
	journal *Journal
	to      Sender
	grace   time.Duration
	log     *slog.Logger

	queue    *queue
	limit    int       // entries of a record
	unsaved  bool      // the cursor on disk is behind
	complain time.Time // when next
}

// NewPublisher makes a Publisher; Run starts it.
func NewPublisher(j *Journal, to Sender, o PublisherOptions) *Publisher {
	if o.Grace <= 0 {
		o.Grace = 5 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Publisher{journal: j, to: to, grace: o.Grace, log: o.Log, limit: batchEntries}
}

// Run publishes until ctx ends, then what is on disk by then, for as long as
// the grace. It fails only where the journal cannot be read.
func (p *Publisher) Run(ctx context.Context) error {
	from, err := readCursor(p.journal.dir)
	if err != nil {
		return err
	}
	p.queue = newQueue(from)
	// What is on its way when ctx ends is waited for: sent again it would be there twice.
	last, stop := outliving(ctx, p.grace)
	defer stop()
	for wait := firstPause; ctx.Err() == nil; {
		grown := p.journal.watch()
		more, err := p.step(last)
		switch {
		case errors.Is(err, ErrDamaged):
			return err
		case err != nil:
			p.outage(err)
			pause.For(ctx, wait)
			wait = min(2*wait, maxPause)
		case more:
			wait = firstPause
		default:
			wait = firstPause
			p.rest(ctx, grown)
		}
	}
	for more := true; more && err == nil; {
		more, err = p.step(last)
	}
	if err != nil {
		p.log.Warn("ground truth is not all published; the rest waits on this disk", "error", err)
	}
	return nil
}

// outliving gives a context that ends a while after ctx does. stop lets it go.
func outliving(ctx context.Context, by time.Duration) (longer context.Context, stop func()) {
	longer, end := context.WithCancel(context.WithoutCancel(ctx))
	keep := context.AfterFunc(ctx, func() {
		pause.For(longer, by)
		end()
	})
	return longer, func() { keep(); end() }
}

// rest waits for a line, or until an offset is given up.
func (p *Publisher) rest(ctx context.Context, grown <-chan struct{}) {
	timer := time.NewTimer(settleWithin / 2)
	defer timer.Stop()
	select {
	case <-grown:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// step publishes the next items; false where there are none yet.
func (p *Publisher) step(ctx context.Context) (more bool, err error) {
	if err := p.journal.expire(time.Now().Add(-settleWithin)); err != nil {
		p.outage(err) // a full disk: what does not wait for it goes on
	}
	n := p.queue.ready(p.limit)
	for n < p.limit {
		lines, err := p.journal.read(p.queue.read)
		if err != nil {
			return false, err
		}
		if len(lines) == 0 {
			break
		}
		p.queue.add(lines)
		n = p.queue.ready(p.limit)
	}
	if n == 0 {
		return false, p.save()
	}
	if err := p.publish(ctx, n); err != nil {
		return false, err
	}
	p.queue.done(n)
	p.unsaved = true
	return true, p.save()
}

// publish sends the first n items. A record that is too long for the log is
// made shorter; one entry that is too long for it is lost, which its count tells.
func (p *Publisher) publish(ctx context.Context, n int) error {
	for _, f := range facts(p.queue.items[:n]) {
		event, err := Encode(f)
		if err == nil {
			err = p.to.Publish(ctx, event)
		}
		switch {
		case err == nil:
		case poison.Is(err) && f.Entries != nil && len(f.Entries.Entries) > 1:
			p.limit = max(1, len(f.Entries.Entries)/2)
			return err
		case poison.Is(err):
			p.log.Error("lost ground truth: the log does not take it, so the books of its experiment are inconclusive; this file has it until all of it is published",
				"experiment", f.Experiment(), "file", segmentPath(p.journal.dir, p.queue.items[0].after.Segment), "error", err)
		default:
			return err
		}
	}
	return nil
}

// save notes how far all is published, and lets go what lies before that.
func (p *Publisher) save() error {
	if !p.unsaved {
		return nil
	}
	at := p.queue.place()
	if err := writeCursor(p.journal.dir, at); err != nil {
		return err
	}
	p.unsaved = false
	return p.journal.drop(at)
}

func (p *Publisher) outage(err error) {
	if now := time.Now(); now.After(p.complain) {
		p.complain = now.Add(complainEvery)
		p.log.Warn("publishing ground truth; trying again", "error", err)
	}
}

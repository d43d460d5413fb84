// Package force puts rules in force: it says to the relay what becomes of each
// exchange. It decides nothing about how bytes travel (relay, shape), how a
// response is forged (answer), or how records and values are written (record,
// payload); it says which of them, when, and keeps account.
//
// Several rules meet one exchange in the order in which they were set, within
// these steps, of which each has its reason:
//
//	request   error, before      what is refused is touched no further
//	          records of produce
//	response  lost or cut        of what does not arrive no record is touched
//	          errors, throttle, leaders, coordinators
//	          hold of fetch      records that are held are touched when they come
//	          records of fetch
//
// What often.Often counts is, for faults of bytes, a frame; for those of the
// protocol an exchange with a selected partition in it, all of which are then
// met; for those of records a record, but one that a fault cannot meet at all
// (of a control batch, say) is not counted.
package force

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/kafkaproxy/answer"
	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
)

// Journal keeps the ground truth; truth.Journal is one.
type Journal interface {
	// Write returns once the entries are on disk. After an error none counts.
	Write(entries []truth.Entry) error
	// Settle tells where a produced batch stands; -1: nobody knows.
	Settle(batch uint64, base int64) error
}

// Corrupter corrupts values; payload.Corrupter is one.
type Corrupter interface {
	// Corrupt gives a value as how says. changed is false where the result
	// equals what was there; an error says why the value cannot be read.
	Corrupt(ctx context.Context, topic string, value []byte, how rule.Corrupt) (out []byte, changed bool, err error)
}

// Options are what an engine works with.
type Options struct {
	// Journal is written before a record that was touched is passed on. Without
	// one no record is touched.
	Journal Journal
	// Corrupter is needed by rule.Corrupt. Without one no value is corrupted.
	Corrupter Corrupter
	// Duplicate appends a batch to a partition by a producer of the proxy's own.
	// Without one no record is duplicated.
	Duplicate func(ctx context.Context, topic string, partition int32, batch []byte) error
	Log       *slog.Logger // nil is silent
}

// Engine has the rules that are in force. Make one with New. It is safe for
// concurrent use, and rules change under it without a connection noticing.
type Engine struct {
	options  Options
	rules    atomic.Pointer[[]*active]
	setting  sync.Mutex // of Set
	batches  atomic.Uint64
	codec    record.Codec
	seen     clients
	brokers  answer.Brokers
	sessions sessions
	retries  retries
}

var _ relay.Faults = (*Engine)(nil)

// New makes an engine without a rule.
func New(o Options) *Engine {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Engine{options: o}
}

// Set replaces all that is in force; of says for whom, by id of the rule. A
// rule that was in force under its id before, and is the same, goes on: it
// counts on, and keeps what it froze or held. What others held back flows on.
func (e *Engine) Set(rules []rule.Rule, of map[string]control.Of) {
	e.setting.Lock()
	defer e.setting.Unlock()
	before := map[string]*active{}
	for _, a := range e.inForce() {
		before[a.ID] = a
	}
	now := make([]*active, 0, len(rules))
	for _, r := range rules {
		a, ok := before[r.ID]
		if !ok || !a.same(r, of[r.ID]) {
			a = newActive(r, of[r.ID])
		} else {
			delete(before, r.ID)
		}
		now = append(now, a)
	}
	if len(now) == 0 {
		e.rules.Store(nil)
	} else {
		e.rules.Store(&now)
	}
	for _, a := range before {
		close(a.lifted)
	}
}

// inForce are the rules, in the order in which they were set.
func (e *Engine) inForce() []*active {
	if rules := e.rules.Load(); rules != nil {
		return *rules
	}
	return nil
}

// Status tells what came of each rule in force, by its id: the receipt.
func (e *Engine) Status() map[string]control.Count {
	out := map[string]control.Count{}
	for _, a := range e.inForce() {
		out[a.ID] = a.count()
	}
	return out
}

// Idempotent are the ids of clients that where selects and that asked for a
// producer id: drop, hold and reorder pass over what they produce.
func (e *Engine) Idempotent(where rule.Where) []string {
	return e.seen.idempotent(rule.Where{Clients: where.Clients})
}

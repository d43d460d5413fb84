package control

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/ledger"
)

// Config is what a desk needs: Engine and BootID.
type Config struct {
	Engine Engine
	BootID string
	// Raw says that nothing which passes can be read: faults of bytes only.
	Raw bool
	// Books are kept of faults that touch records; nil: none are.
	Books Books
	Log   *slog.Logger         // nil: nothing is logged
	Now   func() time.Duration // nil: ledger.Boottime
}

// Desk holds the faults of one life of a proxy. Run must run for leases and
// deadlines to lapse by themselves; until it does, what has lapsed is lifted
// when somebody asks.
type Desk struct {
	Config
	run string

	mu     sync.Mutex
	faults map[string]*held // by receipt
	graves map[string]grave
	over   bool // Run has ended
	wake   chan struct{}
	taken  int // faults so far: the order in which they meet what passes
}

// held is a fault in force.
type held struct {
	Fault
	rule   rule.Rule
	static bool
	number int
	until  time.Duration // of its lease
}

// New makes a desk without a fault.
func New(c Config) *Desk {
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	if c.Now == nil {
		c.Now = ledger.Boottime
	}
	return &Desk{Config: c, run: rand.Text(), faults: map[string]*held{}, graves: map[string]grave{}, wake: make(chan struct{}, 1)}
}

// RunID names this life of the proxy.
func (d *Desk) RunID() string { return d.run }

// look is how late a lapse may be seen. CLOCK_BOOTTIME goes on while the
// machine sleeps and no timer of ours does, so that one long wait would not do.
const look = 100 * time.Millisecond

// Run lifts what has lapsed, until ctx ends; then it lifts everything.
func (d *Desk) Run(ctx context.Context) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		next := tick.C
		if !d.lapse() {
			next = nil // nothing can lapse: it costs nothing to wait
		}
		select {
		case <-ctx.Done():
			d.mu.Lock()
			d.over = true
			over := slices.Sorted(maps.Keys(d.faults))
			clear(d.faults)
			d.set()
			for _, id := range over {
				d.conclude(id)
			}
			d.mu.Unlock()
			return
		case <-d.wake:
		case <-next:
		}
	}
}

// Put puts a fault in force, or keeps it there. A receipt that was lifted, or
// a fault that differs from what the receipt has in force, is faults.ErrRefused.
func (d *Desk) Put(id string, f Fault) error {
	r, err := d.admit(id, f)
	if err != nil {
		return fmt.Errorf("putting fault %s in force: %w", id, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sweep()
	now := d.Now()
	old, there := d.faults[id]
	switch why := d.graves[id].why; {
	case d.over:
		err = fmt.Errorf("%w: the proxy is ending", faults.ErrRefused)
	case why != "":
		err = fmt.Errorf("%w: %s; ask with a new receipt", ErrLifted, why)
	case f.BootID != d.BootID || now >= f.Expires:
		err = fmt.Errorf("%w: its deadline is over, or of another boot of this machine", faults.ErrRefused)
	case there && !old.same(f):
		err = fmt.Errorf("%w: the receipt has another fault in force; lift it, or ask with a new receipt", faults.ErrRefused)
	case !there && len(d.faults) >= mostFaults:
		err = fmt.Errorf("%w: %d faults are in force; lift some", faults.ErrRefused, len(d.faults))
	case !there && len(d.graves) >= mostGraves:
		err = fmt.Errorf("%w: the proxy remembers %d lifted faults and can take no more; wait until their deadlines are over, or start it again", faults.ErrRefused, len(d.graves))
	}
	if err != nil {
		return fmt.Errorf("putting fault %s in force: %w", id, err)
	}
	if there {
		old.until = now + f.Lease.Of()
		return nil
	}
	h := &held{Fault: f, rule: r, number: d.next(), until: now + f.Lease.Of()}
	if err := d.begin(id, h); err != nil {
		return fmt.Errorf("putting fault %s in force: %w", id, err)
	}
	d.faults[id] = h
	d.set()
	d.Log.Info("a fault is in force", "receipt", id, "kind", f.Kind, "experiment", f.Experiment, "step", f.Step)
	d.stir()
	return nil
}

// admit reads a fault, and refuses what does not depend on what is there.
func (d *Desk) admit(id string, f Fault) (rule.Rule, error) {
	if err := checkReceipt(id); err != nil {
		return rule.Rule{}, err
	}
	if f.Experiment == "" || f.Step == "" {
		return rule.Rule{}, fmt.Errorf("%w: write experiment and step", faults.ErrRefused)
	}
	if l := f.Lease.Of(); l < ShortestLease || l > LongestLease {
		return rule.Rule{}, fmt.Errorf("%w: a lease of %s: write %s to %s", faults.ErrRefused, f.Lease, ShortestLease, LongestLease)
	}
	r, err := rule.Read(id, f.Kind, f.With)
	if err != nil {
		return rule.Rule{}, err
	}
	return r, d.against(r)
}

// Plan says what speaks against a fault, and changes nothing.
func (d *Desk) Plan(q Question) error {
	r, err := rule.Read("", q.Kind, q.With)
	if err == nil {
		err = d.against(r)
	}
	return err
}

// Static puts a fault in force that the proxy is started with: it has neither
// lease nor deadline. text is its kind and parameters, such as
// "kafka.delay delay=200ms topic=orders".
func (d *Desk) Static(text string) error {
	kind, with, err := split(text)
	if err != nil {
		return fmt.Errorf("reading fault %q: %w", text, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	number := d.next()
	id := fmt.Sprintf("%s%d-%s", staticPrefix, number, d.run[:runPart]) // of this life: its books are no other's
	r, err := rule.Read(id, kind, with)
	if err == nil {
		err = d.against(r)
	}
	if err == nil && len(d.faults) >= mostFaults {
		err = fmt.Errorf("%w: at most %d faults are in force at once", faults.ErrRefused, mostFaults)
	}
	if err != nil {
		return fmt.Errorf("reading fault %q: %w", text, err)
	}
	h := &held{Fault: Fault{Kind: kind, With: with}, rule: r, static: true, number: number}
	if err := d.begin(id, h); err != nil {
		return fmt.Errorf("reading fault %q: %w", text, err)
	}
	d.faults[id] = h
	d.set()
	return nil
}

const (
	staticPrefix = "static-"
	runPart      = 6
)

// next is called under d.mu.
func (d *Desk) next() int {
	d.taken++
	return d.taken
}

func split(text string) (kind string, with map[string]string, err error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return "", nil, errors.New("write a kind and its parameters, such as kafka.delay delay=200ms")
	}
	with = map[string]string{}
	for _, w := range words[1:] {
		name, value, ok := strings.Cut(w, "=")
		if _, twice := with[name]; !ok || twice {
			return "", nil, fmt.Errorf("%q: write each parameter once, as name=value", w)
		}
		with[name] = value
	}
	return words[0], with, nil
}

// set is called under d.mu.
func (d *Desk) set() {
	rules, of := make([]rule.Rule, 0, len(d.faults)), map[string]rule.Of{}
	inOrder := slices.SortedFunc(maps.Keys(d.faults), func(a, b string) int { return d.faults[a].number - d.faults[b].number })
	for _, id := range inOrder {
		h := d.faults[id]
		rules, of[id] = append(rules, h.rule), h.of()
	}
	d.Engine.Set(rules, of)
}

// stir has Run look again.
func (d *Desk) stir() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (h *held) same(f Fault) bool {
	return !h.static && h.Kind == f.Kind && h.Experiment == f.Experiment && h.Step == f.Step && h.Expires == f.Expires && maps.Equal(h.With, f.With)
}

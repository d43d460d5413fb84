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
	"github.com/k2-platform/faultline/ledger"
)

// Config is what a desk needs: Name, Read, Engine and BootID.
type Config[R any] struct {
	Name string // of the proxy: whom a static fault is in force for
	// Read makes the rule of what is asked for, and changes nothing. What is
	// wrong with it, or what the proxy has against it, is faults.ErrRefused.
	// receipt is "" where it is only asked about.
	Read   func(receipt string, q Question) (R, error)
	Engine Engine[R]
	BootID string
	// Raw says that nothing which passes can be read; the status tells it.
	Raw bool
	// Books are kept of faults that touch records; nil: none are.
	Books Books
	Log   *slog.Logger         // nil: nothing is logged
	Now   func() time.Duration // nil: ledger.Boottime
}

// Desk holds the faults of one life of a proxy whose rules are R. Run must run for leases and
// deadlines to lapse by themselves; until it does, what has lapsed is lifted
// when somebody asks.
type Desk[R any] struct {
	Config[R]
	run string

	mu     sync.Mutex
	faults map[string]*held[R] // by receipt
	graves map[string]grave
	over   bool // Run has ended
	wake   chan struct{}
	taken  int // faults so far: the order in which they meet what passes
}

// held is a fault in force.
type held[R any] struct {
	Fault
	rule   R
	static bool
	number int
	until  time.Duration // of its lease
}

// New makes a desk without a fault.
func New[R any](c Config[R]) *Desk[R] {
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	if c.Now == nil {
		c.Now = ledger.Boottime
	}
	return &Desk[R]{Config: c, run: rand.Text(), faults: map[string]*held[R]{}, graves: map[string]grave{}, wake: make(chan struct{}, 1)}
}

// RunID names this life of the proxy.
func (d *Desk[R]) RunID() string { return d.run }

// look is how late a lapse may be seen. CLOCK_BOOTTIME goes on while the
// machine sleeps and no timer of ours does, so that one long wait would not do.
const look = 100 * time.Millisecond

// Run lifts what has lapsed, until ctx ends; then it lifts everything.
func (d *Desk[R]) Run(ctx context.Context) {
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
func (d *Desk[R]) Put(id string, f Fault) error {
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
	h := &held[R]{Fault: f, rule: r, number: d.next(), until: now + f.Lease.Of()}
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
func (d *Desk[R]) admit(id string, f Fault) (r R, err error) {
	if err := checkReceipt(id); err != nil {
		return r, err
	}
	if f.Experiment == "" || f.Step == "" {
		return r, fmt.Errorf("%w: write experiment and step", faults.ErrRefused)
	}
	if l := f.Lease.Of(); l < ShortestLease || l > LongestLease {
		return r, fmt.Errorf("%w: a lease of %s: write %s to %s", faults.ErrRefused, f.Lease, ShortestLease, LongestLease)
	}
	return d.Read(id, f.question())
}

// Plan says what speaks against a fault, and changes nothing.
func (d *Desk[R]) Plan(q Question) error {
	_, err := d.Read("", q)
	return err
}

// Static puts a fault in force that the proxy is started with: it has neither
// lease nor deadline. text is its kind and parameters, such as
// "kafka.delay delay=200ms topic=orders", and link=NAME at a proxy of links.
func (d *Desk[R]) Static(text string) error {
	q, err := split(text)
	if err != nil {
		return fmt.Errorf("reading fault %q: %w", text, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	number := d.next()
	id := fmt.Sprintf("%s%d-%s", staticPrefix, number, d.run[:runPart]) // of this life: its books are no other's
	r, err := d.Read(id, q)
	if err == nil && len(d.faults) >= mostFaults {
		err = fmt.Errorf("%w: at most %d faults are in force at once", faults.ErrRefused, mostFaults)
	}
	if err != nil {
		return fmt.Errorf("reading fault %q: %w", text, err)
	}
	h := &held[R]{Fault: Fault{Kind: q.Kind, With: q.With, Link: q.Link}, rule: r, static: true, number: number}
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
func (d *Desk[R]) next() int {
	d.taken++
	return d.taken
}

func split(text string) (Question, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return Question{}, errors.New("write a kind and its parameters, such as kafka.delay delay=200ms")
	}
	with := map[string]string{}
	for _, w := range words[1:] {
		name, value, ok := strings.Cut(w, "=")
		if _, twice := with[name]; !ok || twice {
			return Question{}, fmt.Errorf("%q: write each parameter once, as name=value", w)
		}
		with[name] = value
	}
	q := Question{Kind: words[0], With: with, Link: with["link"]}
	delete(with, "link")
	return q, nil
}

// set is called under d.mu.
func (d *Desk[R]) set() {
	rules, of := make([]R, 0, len(d.faults)), map[string]Of{}
	inOrder := slices.SortedFunc(maps.Keys(d.faults), func(a, b string) int { return d.faults[a].number - d.faults[b].number })
	for _, id := range inOrder {
		h := d.faults[id]
		rules, of[id] = append(rules, h.rule), d.of(h)
	}
	d.Engine.Set(rules, of)
}

// stir has Run look again.
func (d *Desk[R]) stir() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (h *held[R]) same(f Fault) bool {
	return !h.static && h.Kind == f.Kind && h.Experiment == f.Experiment && h.Step == f.Step && h.Expires == f.Expires && h.Link == f.Link && maps.Equal(h.With, f.With)
}

package control

import (
	"fmt"
	"time"

	"github.com/k2-platform/faultline/faults"
)

// grave is what is left of a lifted fault: a request that comes late finds
// it.
type grave struct {
	why   string
	until time.Duration
}

const (
	// unknownGrave is how long a receipt is remembered that was lifted and never
	// put in force: its deadline is not known.
	unknownGrave = 24 * time.Hour
	// mostGraves bounds memory. Past it no fault is taken, since one that was
	// forgotten could come back.
	mostGraves = 1 << 16
)

// Lift ends a fault. One that is not there is lifted too: it can no longer
// come. Only a static one stays, and is faults.ErrRefused.
func (d *Desk[R]) Lift(id string) error {
	if err := checkReceipt(id); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sweep()
	h, there := d.faults[id]
	switch {
	case there && h.static:
		return fmt.Errorf("lifting fault %s: %w: it was given at the start and stays as long as the proxy; end the proxy", id, faults.ErrRefused)
	case there:
		d.end(id, h, "it was asked to end")
		d.set()
		d.conclude(id)
	case d.graves[id].why == "" && len(d.graves) < mostGraves:
		d.graves[id] = grave{why: "it was asked to end before it came", until: d.Now() + unknownGrave}
	}
	return nil
}

// Keep renews the lease of a fault in force. One that is not in force is
// ErrLifted.
func (d *Desk[R]) Keep(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sweep()
	h, there := d.faults[id]
	if !there {
		why := d.graves[id].why
		if why == "" {
			why = "the proxy never had it"
		}
		return fmt.Errorf("keeping fault %s: %w: %s", id, ErrLifted, why)
	}
	h.until = d.Now() + h.Lease.Of()
	return nil
}

// lapse lifts what has lapsed, and says whether anything still can.
func (d *Desk[R]) lapse() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sweep()
	for _, h := range d.faults {
		if !h.static {
			return true
		}
	}
	return false
}

// sweep is called under d.mu. It lifts what has lapsed, so that nobody is told
// that it is in force, and forgets receipts whose deadline bars them anyway.
func (d *Desk[R]) sweep() {
	now := d.Now()
	var lifted []string
	for id, h := range d.faults {
		switch {
		case h.static:
			continue
		case now >= h.Expires:
			d.end(id, h, "its deadline was over")
		case now >= h.until:
			d.end(id, h, fmt.Sprintf("who asked for it was silent for longer than its lease, %s", h.Lease))
		default:
			continue
		}
		lifted = append(lifted, id)
	}
	if len(lifted) > 0 {
		d.set()
	}
	for _, id := range lifted {
		d.conclude(id)
	}
	for id, g := range d.graves {
		if now >= g.until {
			delete(d.graves, id)
		}
	}
}

// end is called under d.mu, and set after it.
func (d *Desk[R]) end(id string, h *held[R], why string) {
	delete(d.faults, id)
	// Past its deadline, Put refuses it whatever is remembered; it stays for a
	// while so that who asks is told why it went.
	d.graves[id] = grave{why: why, until: max(h.Expires, d.Now()) + time.Hour}
	d.Log.Info("a fault is lifted", "receipt", id, "kind", h.Kind, "why", why)
}

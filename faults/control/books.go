package control

import (
	"fmt"

	"github.com/k2-platform/faultline/faults"
)

// Books are what is kept of a fault that touches records. It is safe for
// concurrent use.
type Books interface {
	// Begin opens those of a receipt. A fault whose books cannot be opened is
	// not put in force. A receipt whose books are open already is no error.
	Begin(receipt, kind string, of Of) error
	// End closes them: it is called once the fault is lifted.
	End(receipt string) error
}

// begin is called under d.mu, before the fault is set.
func (d *Desk[R]) begin(id string, h *held[R]) error {
	if d.Books == nil {
		return nil
	}
	if err := d.Books.Begin(id, h.Kind, d.of(h)); err != nil {
		return fmt.Errorf("%w: its books cannot be kept: %w", faults.ErrRefused, err)
	}
	return nil
}

// conclude is called under d.mu, after the fault was taken from what is set.
func (d *Desk[R]) conclude(id string) {
	if d.Books == nil {
		return
	}
	if err := d.Books.End(id); err != nil {
		d.Log.Error("the books of a fault stay open: whoever reads them will find them incomplete", "receipt", id, "error", err)
	}
}

func (d *Desk[R]) of(h *held[R]) Of {
	if h.static {
		return Of{Experiment: d.Name, Step: d.Name}
	}
	return Of{Experiment: h.Experiment, Step: h.Step}
}

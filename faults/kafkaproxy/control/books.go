package control

import (
	"fmt"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// Books are what is kept of a fault that touches records. It is safe for
// concurrent use.
type Books interface {
	// Begin opens those of a receipt. A fault whose books cannot be opened is
	// not put in force. A receipt whose books are open already is no error.
	Begin(receipt, kind string, of rule.Of) error
	// End closes them: it is called once the fault is lifted.
	End(receipt string) error
}

// Nobody is whom a static fault is in force for.
const Nobody = "kafka-proxy"

// begin is called under d.mu, before the fault is set.
func (d *Desk) begin(id string, h *held) error {
	if d.Books == nil {
		return nil
	}
	if err := d.Books.Begin(id, h.Kind, h.of()); err != nil {
		return fmt.Errorf("%w: its books cannot be kept: %w", faults.ErrRefused, err)
	}
	return nil
}

// conclude is called under d.mu, after the fault was taken from what is set.
func (d *Desk) conclude(id string) {
	if d.Books == nil {
		return
	}
	if err := d.Books.End(id); err != nil {
		d.Log.Error("the books of a fault stay open: whoever reads them will find them incomplete", "receipt", id, "error", err)
	}
}

func (h *held) of() rule.Of {
	if h.static {
		return rule.Of{Experiment: Nobody, Step: Nobody}
	}
	return rule.Of{Experiment: h.Experiment, Step: h.Step}
}

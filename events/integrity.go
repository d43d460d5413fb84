package events

import (
	"strings"
	"time"

	"github.com/k2-platform/faultline/spec"
)

// IntegrityCheck is what one integrity check found in one window of the
// records. The zero value is Unknown: a check that did not run never holds.
type IntegrityCheck struct {
	Check string `json:"check"`
	// From and To are the window, by the time that records bear; zero is open.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Expected and Actual are numbers, exact, or short texts.
	Expected string `json:"expected,omitempty"`
	Actual   string `json:"actual,omitempty"`
	Answer   Answer `json:"answer"`
	// Evidence is what shows it again: a query, offsets, names of files. Of a
	// check that is Unknown it is the reason.
	Evidence string    `json:"evidence,omitempty"`
	Cost     CheckCost `json:"cost"`
}

// Compares says that the check holds log and table against each other as a
// whole. What it finds may be what a document tolerates: it does not know which
// records they are, and a ledger does.
func (c IntegrityCheck) Compares() bool {
	return strings.HasPrefix(c.Check, "window_") || strings.HasPrefix(c.Check, "sequence_")
}

// CheckCost is what a check took.
type CheckCost struct {
	Duration spec.Duration `json:"duration"`
	Rows     int64         `json:"rows,omitempty"`  // records and rows read
	Bytes    int64         `json:"bytes,omitempty"` // read of the log and of files
}

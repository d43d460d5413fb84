package audit

import (
	"fmt"
	"slices"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/projections/account"
)

// Report is what became of the records of a window.
type Report struct {
	Window  Window   `json:"window"`
	Columns []string `json:"columns"`
	Keys    int      `json:"keys"`

	Records    int64 `json:"records"`    // of the log
	Unreadable int64 `json:"unreadable"` // of them, without a key: no schema, cut off, forged
	Rows       int64 `json:"rows"`
	Letters    int64 `json:"letters"` // records that have one
	Receipts   int64 `json:"receipts"`
	// Others are rows of no record of the window, passed over where the table
	// may hold those of other windows: a phantom among them is not found.
	Others int64 `json:"others,omitempty"`
	// Looked is how many records were looked at one by one.
	Looked int64 `json:"looked"`

	Classes account.Tally `json:"-"`
	// Counts are those of the classes that have records.
	Counts map[account.Class]int64 `json:"classes"`
	// Unknown is how many records are in no class, because of what was not read.
	Unknown  int64                       `json:"unknown"`
	Reasons  map[string]int64            `json:"reasons,omitempty"` // of dead letters, by record
	Examples map[account.Class][]Example `json:"examples,omitempty"`

	Unread []Unread `json:"unread,omitempty"`
	// Unbalanced says which sums do not come out even; "" = all do.
	Unbalanced string `json:"unbalanced,omitempty"`
}

// Example is one record of a class.
type Example struct {
	Place
	Key    string `json:"key"`
	Reason string `json:"reason,omitempty"` // of its dead letter
	// Differ says of each column that is not as it was sent what is.
	Differ []string `json:"differ,omitempty"`
	// Letters and Rows are how many there are.
	Rows    int `json:"rows,omitempty"`
	Letters int `json:"letters,omitempty"`
}

// Dead is a dead letter, and the class of its record.
type Dead struct {
	Letter
	Of    Place // where its record is
	Class account.Class
	// Resolved says that the record is stored all the same.
	Resolved bool
}

// Conclusive says that all was read, and that the sums come out even.
func (r Report) Conclusive() bool {
	return len(r.Unread) == 0 && r.Unknown == 0 && r.Unbalanced == "" && r.Classes.Of(account.InFlight) == 0
}

// Torn says that a source could not be read, so that another audit of the same
// window may find more.
func (r Report) Torn() bool {
	return slices.ContainsFunc(r.Unread, func(u Unread) bool { return u.Source != SinkBehind })
}

// SinkBehind is the source of what is unread because the sink has not come to it.
const SinkBehind = "sink"

// Answer is what the audit says of the sink: holds where every record is in a
// class that it may be in. What is wrong is wrong though other things were not
// read; books that do not balance say nothing.
func (r Report) Answer() events.Answer {
	switch {
	case r.Unbalanced != "":
		return events.Unknown
	case r.Classes.Wrong() > 0:
		return events.Violated
	case !r.Conclusive():
		return events.Unknown
	}
	return events.Holds
}

// Why is why the answer is unknown; "" where the audit is conclusive.
func (r Report) Why() string {
	var parts []string
	if r.Unbalanced != "" {
		parts = append(parts, r.Unbalanced)
	}
	for _, u := range r.Unread {
		parts = append(parts, u.String())
	}
	if n := r.Classes.Of(account.InFlight); n > 0 {
		parts = append(parts, fmt.Sprintf("%d records are still in flight", n))
	}
	if r.Unknown > 0 {
		parts = append(parts, fmt.Sprintf("%d records are in no class", r.Unknown))
	}
	return join(parts)
}

const mostWhy = 12

func join(parts []string) string {
	out := ""
	for i, p := range parts {
		if i == mostWhy {
			return out + fmt.Sprintf("; and %d more", len(parts)-i)
		}
		if i > 0 {
			out += "; "
		}
		out += p
	}
	return out
}

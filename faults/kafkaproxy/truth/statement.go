package truth

import "time"

// Receipt is one fault that the proxy keeps books of: what its entries have in
// common.
type Receipt struct {
	ID         string `json:"receipt"`
	Experiment string `json:"experiment"`
	Step       string `json:"step"`
	Fault      string `json:"fault"` // kind, such as kafka.corrupt
}

// Closed says that a fault was lifted and how many entries it has in all: who
// has fewer of them lacks some.
type Closed struct {
	Receipt
	Written uint64    `json:"written"`
	Runs    []RunPart `json:"runs,omitempty"` // those that wrote any, in their order
	At      time.Time `json:"at"`
}

// RunPart is what one life of the proxy wrote of a receipt.
type RunPart struct {
	Run     string `json:"run"`
	Written uint64 `json:"written"`
	Last    uint64 `json:"last"` // seq of the last of them
}

// Touches says whether faults of a kind touch records, and so have a ground
// truth.
func Touches(kind string) bool {
	switch kind {
	case "kafka.drop", "kafka.hold", "kafka.swap_values", "kafka.reorder", "kafka.duplicate", "kafka.corrupt":
		return true
	}
	return false
}

package control

// Of says for whom a fault is in force.
type Of struct{ Experiment, Step string }

// Count is what a fault has met so far. A candidate is a frame, an exchange or
// a record, as the kind of the fault has it.
type Count struct {
	Seen    uint64 `json:"seen"`    // candidates that were selected
	Met     uint64 `json:"met"`     // those that the fault was drawn for
	Touched uint64 `json:"touched"` // records that were changed, and passed on so
	Skipped uint64 `json:"skipped"` // met, and passed on all the same
	Unread  uint64 `json:"unread"`  // values and batches that could not be read, and were left as they were
	// Why says how many were skipped, or not read, for which reason.
	Why map[string]uint64 `json:"why,omitempty"`
}

package rule

// Of says for whom a fault is in force; a fault that the proxy was started
// with is for nobody.
type Of struct{ Experiment, Step string }

// Count is what a fault has met so far.
type Count struct {
	Seen    uint64            `json:"seen"`              // selected exchanges, or records
	Met     uint64            `json:"met"`               // those that the fault was drawn for
	Touched uint64            `json:"touched"`           // records that were changed
	Skipped map[string]uint64 `json:"skipped,omitempty"` // met and passed on all the same, by why
	Unread  uint64            `json:"unread"`            // values that could not be read
}

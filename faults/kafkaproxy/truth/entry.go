// Package truth keeps the books of what the proxy did to records: each is on
// disk before the record is passed on, and then published.
package truth

import "time"

// Entry is one record that a fault touched. It is evidence, out of band: the
// record itself carries no mark.
type Entry struct {
	// Seq counts the entries of one life of the proxy, from 1 on, without a gap:
	// a lost entry is seen. Run names that life.
	Run string `json:"run"`
	Seq uint64 `json:"seq"`

	Experiment string `json:"experiment"`
	Step       string `json:"step"`
	Receipt    string `json:"receipt"`
	Fault      string `json:"fault"` // kind, such as kafka.corrupt
	What       string `json:"what"`  // such as price_value_swap, dropped, duplicated

	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	// Offset is where the record stands in the log; -1 on produce until the
	// broker told it, and for ever where it never did.
	Offset int64 `json:"offset"`
	// Batch and Index find a produced record whose offset is not known yet.
	Batch uint64 `json:"batch,omitempty"`
	Index int    `json:"index"`
	Way   string `json:"way"` // produce or fetch

	Client string    `json:"client"` // client id
	Before string    `json:"before"` // SHA-256 of key, value and headers, hex; "" where there was no record
	After  string    `json:"after"`  // "" where there is none any more
	At     time.Time `json:"at"`
}

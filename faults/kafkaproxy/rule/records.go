package rule

import "time"

// RecordFault is what is done to whole records.
type RecordFault int

// The faults of records.
const (
	Drop       RecordFault = iota + 1 // the record is not there: an offset gap on fetch
	Hold                              // the record, and what follows it in its partition, comes later
	SwapValues                        // on fetch: values of two records of a partition change places
	Reorder                           // on produce: two records of a batch change places
	Duplicate                         // on produce: the record is appended once more
)

// Records is a fault of whole records. Where.Direction says which way: Request
// is produce, Response is fetch; Both is refused when it is read.
type Records struct {
	Do    RecordFault
	Delay time.Duration // of Hold
}

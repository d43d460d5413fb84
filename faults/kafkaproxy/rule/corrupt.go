package rule

import "time"

// Corruption is what is done to the inside of a record.
type Corruption int

// The corruptions.
const (
	FieldSwap      Corruption = iota + 1 // two fields of the value change their values
	BitFlip                              // one bit of the value is turned
	Truncate                             // the value ends early
	WrongSchemaID                        // the id in Confluent's framing is another one
	NullValue                            // the value is null: a tombstone
	WrongType                            // a field has a value of another type
	TimestampShift                       // the record's timestamp, or a field, is moved
	NewField                             // the value has a field that its schema lacks
)

// Corrupt is a fault of the inside of records. Where.Direction says which
// way: Request is produce, Response is fetch.
type Corrupt struct {
	Do Corruption
	// Fields are the two of FieldSwap, the one of WrongType, or none or one of
	// TimestampShift: with none the record's own timestamp moves. Dots lead
	// into nested records.
	Fields []string
	By     time.Duration // of TimestampShift
	Bit    int           // of BitFlip: which, counted from the front; -1 is drawn
	// BrokenCRC is of BitFlip: the batch keeps the checksum that it had.
	BrokenCRC bool
	Format    Format
	// Registry is the URL of a Confluent-compatible schema registry; "" is the
	// one that the proxy was started with.
	Registry string
}

// Format says how values are encoded.
type Format int

// The formats.
const (
	Auto Format = iota // by Confluent's framing and the registry, else JSON where it parses
	Avro
	JSON
	Protobuf
	Raw // bytes that nobody reads
)

// Package account says what became of a record: pure rules from what is known
// of one record to the one class that it is in, and the equation that all of
// them together must come out even in. It reads nothing.
package account

import "fmt"

// Class is what became of one record. A record is in exactly one. The zero
// value is InFlight: of a record that nothing is known of, the books stay open.
type Class int

// The classes. Names on the wire and in tables are those of String.
const (
	// InFlight is on its way, by all that is known. There is none in closed books.
	InFlight Class = iota
	// StoredOnce is one row, as it was sent, in time.
	StoredOnce
	// StoredN is more than one row.
	StoredN
	// DeadLettered is no row and a dead letter, which has the reason.
	DeadLettered
	// StoredAndDeadLettered is one row and a dead letter.
	StoredAndDeadLettered
	// LostAcked was acknowledged, or stands in the log, and is in no other place.
	LostAcked
	// DroppedAtSource was never sent, as the producer itself says.
	DroppedAtSource
	// UnackedPresent was given up by its producer, and is one row all the same.
	UnackedPresent
	// UnackedAbsent was given up by its producer, and is nowhere.
	UnackedAbsent
	// CorruptedRejected was changed on its way, and is a dead letter only.
	CorruptedRejected
	// CorruptedAccepted was changed on its way, and is stored.
	CorruptedAccepted
	// Late is one row that came after its deadline.
	Late
	// Altered is stored with another value in a mapped column than was sent.
	Altered
	// Phantom is stored, or a dead letter, and was never produced.
	Phantom

	classes int = iota
)

func names() [classes]string {
	return [...]string{
		InFlight: "in_flight", StoredOnce: "stored_once", StoredN: "stored_n", DeadLettered: "dead_lettered",
		StoredAndDeadLettered: "stored_and_dead_lettered", LostAcked: "lost_acked", DroppedAtSource: "dropped_at_source",
		UnackedPresent: "unacked_present", UnackedAbsent: "unacked_absent", CorruptedRejected: "corrupted_rejected",
		CorruptedAccepted: "corrupted_accepted", Late: "late", Altered: "altered", Phantom: "phantom",
	}
}

// Classes lists all classes, InFlight first.
func Classes() []Class {
	all := make([]Class, classes)
	for i := range all {
		all[i] = Class(i)
	}
	return all
}

// String is the name on the wire and in tables.
func (c Class) String() string {
	if c < 0 || int(c) >= classes {
		return InFlight.String()
	}
	return names()[c]
}

// MarshalText implements encoding.TextMarshaler.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText refuses, and leaves at InFlight, what is no class.
func (c *Class) UnmarshalText(text []byte) error {
	*c = InFlight
	for i, name := range names() {
		if name == string(text) {
			*c = Class(i)
			return nil
		}
	}
	return fmt.Errorf("class of records %q: write one of %v", text, names())
}

// Wrong says that no record may be in this class: lost, or too much, or not as
// it was sent. Excess is as wrong as loss.
func (c Class) Wrong() bool {
	switch c {
	case StoredN, StoredAndDeadLettered, LostAcked, CorruptedAccepted, Altered, Phantom:
		return true
	case InFlight, StoredOnce, DeadLettered, DroppedAtSource, UnackedPresent, UnackedAbsent, CorruptedRejected, Late:
	}
	return false
}

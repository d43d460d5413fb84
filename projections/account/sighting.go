package account

// Receipt is what the producer says of a record. The zero value is Unsaid:
// there is none, and the log alone says what was produced.
type Receipt int

// What a producer says.
const (
	Unsaid Receipt = iota
	// Acked was acknowledged by the log.
	Acked
	// Unacked was sent and not acknowledged: it may be in the log, or not.
	Unacked
	// Dropped was given up.
	Dropped
	// Shed was refused on purpose, to save the service.
	Shed
	// Pending is still under way at the producer.
	Pending
)

// Sighting is all that is known of one record, which is whatever has one
// natural key. The zero value is of a record that was seen nowhere.
type Sighting struct {
	Receipt Receipt
	InLog   int // places of the source topic that hold it
	Rows    int // of the table
	Letters int // dead letters
	// Differs says that a row has another value than was sent.
	Differs bool
	// Corrupted says that a fault changed it on its way: the ground truth has it.
	Corrupted bool
	// Late says that its first row came after the deadline.
	Late bool
}

// Produced says that somebody knows of the record who was there before the
// sink: the log or the producer.
func (s Sighting) Produced() bool { return s.InLog > 0 || s.Receipt != Unsaid }

// Classify says which class a record is in. Where several apply the first of
// these decides:
//
//	phantom > corrupted_accepted > altered > stored_n > stored_and_dead_lettered > late > unacked_present > stored_once >
//	corrupted_rejected > dead_lettered > in_flight > lost_acked > unacked_absent, dropped_at_source
//
// A record that stands in the log is as good as acknowledged: that its producer
// never heard so gives nobody leave to lose it. One that its producer says to
// have dropped, and that is stored, is like one that was not acknowledged.
func Classify(s Sighting) Class {
	switch {
	case !s.Produced():
		if s.Rows > 0 || s.Letters > 0 {
			return Phantom
		}
		return InFlight
	case s.Rows > 0:
		return stored(s)
	}
	return notStored(s)
}

func stored(s Sighting) Class {
	switch {
	case s.Corrupted:
		return CorruptedAccepted
	case s.Differs:
		return Altered
	case s.Rows > 1:
		return StoredN
	case s.Letters > 0:
		return StoredAndDeadLettered
	case s.Late:
		return Late
	case s.Receipt != Unsaid && s.Receipt != Acked:
		return UnackedPresent
	}
	return StoredOnce
}

func notStored(s Sighting) Class {
	switch {
	case s.Letters > 0 && s.Corrupted:
		return CorruptedRejected
	case s.Letters > 0:
		return DeadLettered
	case s.InLog > 0:
		return LostAcked
	}
	switch s.Receipt {
	case Pending:
		return InFlight
	case Unacked:
		return UnackedAbsent
	case Dropped, Shed:
		return DroppedAtSource
	case Acked, Unsaid:
	}
	return LostAcked
}

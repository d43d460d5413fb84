package audit

import (
	"context"
	"errors"

	"github.com/k2-platform/faultline/projections/account"
)

// Errors that a source tells the audit with.
var (
	// ErrAway is of a record that cannot be read now, and may be later: its schema
	// registry is away. All other errors of a Former are of the record itself.
	ErrAway = errors.New("not to be had now")
	// ErrGone is of a table's snapshot that was expired, or replaced, while it was read.
	ErrGone = errors.New("the snapshot is gone")
)

// Place is where a record stands in the source topic. An offset below 0 is none.
type Place struct {
	Partition int32 `json:"partition"`
	Offset    int64 `json:"offset"`
}

// nowhere is the place of what has none.
func nowhere() Place { return Place{Offset: -1} }

// Range is offsets of one partition, from one up to and without another.
type Range struct {
	Partition int32 `json:"partition"`
	From      int64 `json:"from"`
	To        int64 `json:"to"`
}

// Record is one record of the log. Its value is valid during the call that it
// is handed to.
type Record struct {
	Offset int64
	Millis int64 // its time, since 1970
	Value  []byte
}

// Log is the source topic.
type Log interface {
	// Read hands on the records of a range in their order. It returns what is no
	// longer there, and goes on behind it; after an error next says from where on
	// nothing was read. Several ranges are read at once. Nobody keeps the slice.
	Read(ctx context.Context, r Range, each func([]Record) error) (holes []Range, next int64, err error)
}

// Forms are a record or a row in canonical form, see the package digest: the
// columns of the natural key, and all other columns that are mapped. They are
// valid until the next ones are asked for.
type Forms struct {
	Key    []byte
	Values []byte
}

// Former reads the forms of a record. Each worker has its own.
type Former interface {
	Forms(ctx context.Context, value []byte) (Forms, error)
}

// Rows says which rows to read.
type Rows struct {
	Snapshot int64 // 0: none, there is no row
	After    int64 // leaves out the rows of this one; 0: none
	// Moments let files be passed over that have no row of them; nil: read all.
	Moments *Moments
	Workers int
}

// Table is where the records end up.
type Table interface {
	// Pin is the snapshot to read, 0 where the table has none.
	Pin(ctx context.Context) (int64, error)
	// Rows calls each for every row, for several workers at once but never twice at
	// once for one. ErrGone where the snapshot is not there any more.
	Rows(ctx context.Context, r Rows, each func(worker int, f Forms) error) error
}

// Letter is one dead letter.
type Letter struct {
	At     Place  // of its record; nowhere, where the letter does not say
	Key    []byte // forms of its record's key, for a letter that does not say the place
	Reason string
	// What follows is for people: where the letter itself is, the key and value that
	// it keeps (both valid during the call), and the schema that the value names, 0
	// where it names none.
	Topic    string
	Self     Place
	Kept     []byte // key
	Raw      []byte
	SchemaID int32
}

// Letters are dead letters of the source topic, and of it alone. They may be
// read more than once, and have to be the same then.
type Letters interface {
	Letters(ctx context.Context, each func(Letter) error) error
}

// Said is what a producer says of one record.
type Said struct {
	Key   []byte // forms of its key
	State account.Receipt
	At    Place // where it was acknowledged; nowhere, where it was not
}

// Receipts are those of the window's records, and may be read more than once.
type Receipts interface {
	Receipts(ctx context.Context, each func(Said) error) error
}

// Change is what a fault did to what a record holds.
type Change int

// The changes.
const (
	// Untouched is what it holds: the fault did something else, such as to delay it.
	Untouched Change = iota
	// ChangedInLog was changed before the log had it, which has it changed.
	ChangedInLog
	// ChangedOnRead was changed for one of its readers, on the way from the log;
	// the reader may have had it unchanged after that.
	ChangedOnRead
)

// Truth is which records faults touched, and how. It may be read more than once.
type Truth interface {
	Touched(ctx context.Context, each func(at Place, c Change) error) error
}

// Moments are the rows and records of a time: those whose moment in the column,
// counted from that of the key on, is from From on and before To, in
// microseconds since 1970. Log and table are cut by the same value, so that
// neither has a record at its edge that the other lacks.
type Moments struct {
	Column int   `json:"column"`
	From   int64 `json:"from"`
	To     int64 `json:"to"`
}

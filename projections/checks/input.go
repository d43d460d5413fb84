package checks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/digest"
)

// Input is what checks read. What is nil is not there: a check that needs it is
// Unknown. The same input may be read by many checks at once, and more than
// once by one.
type Input struct {
	// Name is the table, with its namespace, as a query names it.
	Name string
	// From and To are the window of the records on both sides; zero is open.
	From, To time.Time
	// Key are the columns of the natural key.
	Key []string
	// Columns are those whose values stand in Record.Values, in that order.
	Columns []Column
	Log     Side // what was sent and is to be in the table
	Rows    Side // what is in the table, of one snapshot
	// All has the keys of every row, where Rows leaves some out; nil: it does not.
	All Side
	// Table takes the table apart as it is at the call.
	Table func(context.Context) (*lake.Anatomy, error)
	// After is the snapshot that the window begins with: checks of snapshots and
	// their files leave out those up to it. 0 looks at all.
	After int64
	// Offsets reads those of the source topic as they are at the call.
	Offsets  func(context.Context) (Places, error)
	Registry Registry
	// Note hears which checks gave no result because they are not applicable, and
	// why, one after the other; nil: nobody does.
	Note func(check string, why error)
	// Clock tells the time; Run needs it.
	Clock func() time.Time
}

// Column is a mapped column: its name, its Iceberg type, and of a decimal the
// digits after the point.
type Column struct {
	Name  string
	Type  string
	Scale int
}

// Record is one record of the log or one row of the table: the canonical forms
// of its natural key and of its values, as projections/digest makes them. Both
// are valid during the call only.
type Record struct{ Key, Values []byte }

// Side is one side of a comparison.
type Side interface {
	// Read calls worker once for each goroutine that it reads with, and what that
	// gives for each record that the goroutine reads. It gives how many records
	// and bytes it read. An error of what it calls ends it and is returned.
	Read(ctx context.Context, worker func() func(Record) error) (Cost, error)
}

// Places are offsets of the source topic, by partition, at one moment.
type Places struct {
	Topic     string
	Start     map[int32]int64 // of the oldest record that Kafka still has
	End       map[int32]int64 // after the last record
	Committed map[int32]int64 // next offsets by the sink's group; nil where it keeps none there
}

// Registry knows the schemas that the topic's records may be written with.
type Registry interface {
	// Versions are the ids of the subject's schemas, the latest last.
	Versions(ctx context.Context) ([]int32, error)
	// Used counts the records of the window by the id of their schema.
	Used(ctx context.Context) (map[int32]int64, error)
}

// find gives the place of a column among the values.
func (in Input) find(name string) (int, error) {
	i := slices.IndexFunc(in.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return 0, fmt.Errorf("%w: the mapping has no column %q; add it to the mapping, or leave it out of the check", ErrNothing, name)
	}
	return i, nil
}

// typed gives the place of a column that has to be of one of some types, by how
// they begin. One whose type is not known may be.
func (in Input) typed(name string, begins ...string) (int, error) {
	i, err := in.find(name)
	if err != nil || in.Columns[i].Type == "" {
		return i, err
	}
	for _, b := range begins {
		if strings.HasPrefix(in.Columns[i].Type, b) {
			return i, nil
		}
	}
	return i, fmt.Errorf("%w: column %q is %s, and has to be %s", ErrNothing, name, in.Columns[i].Type, strings.Join(begins, " or "))
}

// split reads all values of a record into dst, which is reused.
func (in Input) split(dst []digest.Value, values []byte) ([]digest.Value, error) {
	dst = dst[:0]
	for rest := values; len(rest) > 0; {
		v, after, err := digest.Next(rest)
		if err != nil {
			return dst, err
		}
		dst, rest = append(dst, v), after
	}
	if len(dst) != len(in.Columns) {
		return dst, fmt.Errorf("a record has %d values of %d columns: both sides have to be read by the same mapping", len(dst), len(in.Columns))
	}
	return dst, nil
}

// anatomy takes the table apart, or says that it cannot.
func (in Input) anatomy(ctx context.Context) (*lake.Anatomy, error) {
	if in.Table == nil {
		return nil, fmt.Errorf("%w: no way to the files of the table was given", ErrNothing)
	}
	return in.Table(ctx)
}

// later are the snapshots of the window.
func (in Input) later(a *lake.Anatomy) []lake.AnatomySnapshot {
	i := slices.IndexFunc(a.Snapshots, func(s lake.AnatomySnapshot) bool { return s.ID == in.After })
	return a.Snapshots[i+1:]
}

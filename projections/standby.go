package projections

import (
	"errors"
	"time"
)

// errStandby is of rows that another daemon is left to write.
var errStandby = errors.New("standing by for another daemon that writes the tables")

// longestLook is how long a standby waits at most between two looks at a table.
const longestLook = time.Second

// seat is a Set's place among the Sets of several daemons on the same tables.
// Each table has one writer: whoever wrote its newest rows. The pinned ref of
// each commit sees to that; what is here only spares the others a race with
// every commit. A Set writes until a commit of another's rows was first, and
// stands by from then on: it keeps its rows until they are in the table, and
// writes again when rows were due for longer than patience and the watermark
// stood still. A Set that was just opened waits for nobody: it is likely to be
// the only one.
type seat struct {
	patience time.Duration
	since    time.Time // when rows were due, or the writer was last heard of
}

// due says that rows are due from now on.
func (s *seat) due() { s.since = time.Now() }

// heard says that a table has just moved.
func (s *seat) heard() { s.since = time.Now() }

// silent is whether the writer was outwaited. What was found out of one table
// goes for those that are flushed with it.
func (s *seat) silent() bool { return time.Since(s.since) >= s.patience }

// look is how long to wait for the next look at a table.
func (s *seat) look() time.Duration { return min(longestLook, max(s.patience/4, time.Millisecond)) }

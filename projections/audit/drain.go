package audit

import (
	"fmt"
	"time"
)

// Quiet says when a table has taken in what its sink has committed. The zero
// value is of a sink whose table owns the offsets: it takes nothing in later.
type Quiet struct {
	// Commits of the table that have to come after the sink was past the ends, or
	// For that none came. Whichever is first.
	Commits int           `json:"commits,omitempty"`
	For     time.Duration `json:"for,omitempty"`
}

// Sight is how far a sink is at one moment.
type Sight struct {
	At       time.Time
	Next     map[int32]int64 // of each partition, the offset that it has not committed
	Snapshot int64           // of the table
}

// Drain is the rule by which books may be closed: the sink has committed all
// below the ends of the source topic, which were fixed before, and its table
// was quiet since. Make it with the ends; it is told what is seen, in order.
type Drain struct {
	Ends  map[int32]int64
	Quiet Quiet

	past     bool // the ends
	commits  int
	snapshot int64
	since    time.Time // no commit came
}

// See says whether the books may be closed now.
func (d *Drain) See(s Sight) bool {
	if d.Behind(s.Next) > 0 {
		d.past = false
		return false
	}
	switch {
	case !d.past:
		d.past, d.commits, d.snapshot, d.since = true, 0, s.Snapshot, s.At
	case s.Snapshot != d.snapshot:
		d.commits, d.snapshot, d.since = d.commits+1, s.Snapshot, s.At
	}
	if d.Quiet.Commits <= 0 && d.Quiet.For <= 0 {
		return true
	}
	return d.Quiet.Commits > 0 && d.commits >= d.Quiet.Commits || d.Quiet.For > 0 && s.At.Sub(d.since) >= d.Quiet.For
}

// Behind is how many records the sink has still to commit.
func (d *Drain) Behind(next map[int32]int64) int64 {
	var n int64
	for p, end := range d.Ends {
		n += max(end-next[p], 0)
	}
	return n
}

// Waiting says what the books wait for, for who gives up.
func (d *Drain) Waiting(s Sight) string {
	if n := d.Behind(s.Next); n > 0 {
		return fmt.Sprintf("%d records are not in the table", n)
	}
	return fmt.Sprintf("the sink has committed all, and its table is not quiet yet: %d of %d commits, none for %s of %s",
		d.commits, d.Quiet.Commits, s.At.Sub(d.since).Round(time.Second), d.Quiet.For)
}

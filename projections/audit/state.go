package audit

import (
	"fmt"

	"github.com/zeebo/xxh3"

	"github.com/k2-platform/faultline/projections/digest"
)

// State is how far an audit is: the sums of what was read, none of the records.
type State struct {
	Of    string // which audit: its window and columns
	Done  int    // slices of the log that were read
	Log   digest.Buckets
	Heard digest.Buckets
	Look  []bool
	Twice []uint64

	Records, Unreadable, Lettered int64
	Unread                        []Unread
	Torn                          bool // records of the log are missing
}

// Store keeps the state of an audit that was cut short. One at a time.
type Store interface {
	// Load answers false where there is none.
	Load() (State, bool, error)
	Save(s State) error
	// Clear is after the audit has ended.
	Clear() error
}

func (a *audit) fresh() State {
	var records int64
	for _, r := range a.Window.Log {
		records += r.To - r.From
	}
	return State{
		Of: a.name(), Log: digest.NewBuckets(a.Power), Heard: digest.NewBuckets(a.Power), Look: make([]bool, 1<<a.Power),
		Twice: newTwice(records).words,
	}
}

// name tells audits apart: sums of one are nothing to another.
func (a *audit) name() string {
	return fmt.Sprintf("%x", xxh3.HashString(fmt.Sprintf("%v %v %d %d %d", a.Window.Log, a.Columns, a.Keys, a.Slice, a.known()))) +
		fmt.Sprintf("%+v", a.Window.Moments)
}

// known is what of the sums depends on other sources.
func (a *audit) known() [4]int64 {
	return [4]int64{a.acked.n, a.lettered.n, a.changed.n, a.report.Receipts}
}

// resume takes up the state of this very audit, if there is one.
func (a *audit) resume() error {
	a.state = a.fresh()
	if a.Store == nil {
		return nil
	}
	s, ok, err := a.Store.Load()
	if err != nil {
		return fmt.Errorf("reading how far the audit was: %w", err)
	}
	if ok && s.Of == a.state.Of && len(s.Log) == len(a.state.Log) && len(s.Twice) == len(a.state.Twice) && len(s.Look) == len(a.state.Look) {
		a.state = s
	}
	return nil
}

func (a *audit) save() error {
	if a.Store == nil {
		return nil
	}
	if err := a.Store.Save(a.state); err != nil {
		return fmt.Errorf("keeping how far the audit is: %w", err)
	}
	return nil
}

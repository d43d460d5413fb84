package truth

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/cloudevent"
)

// Types of the records on chaos.ground-truth.
const (
	TypeEntries = "io.faultline.ground_truth.entries.v1"
	TypeClosed  = "io.faultline.ground_truth.closed.v1"
)

// Entries are some of what one life of the proxy did to the records of one
// experiment, in the order of their Seq. It is one record of the log. It may
// come twice, also with a part of it in another one: who reads drops what it
// has, by Run and Seq. Of a run and an experiment nothing comes before what
// precedes it has come once.
type Entries struct {
	Experiment string  `json:"experiment"`
	Run        string  `json:"run"`
	Entries    []Entry `json:"entries"`
}

// Fact is what a record of chaos.ground-truth says. Exactly one is set.
type Fact struct {
	Entries *Entries
	Closed  *Closed
}

// Experiment is the one that the fact is about: its key.
func (f Fact) Experiment() string {
	switch {
	case f.Entries != nil:
		return f.Entries.Experiment
	case f.Closed != nil:
		return f.Closed.Experiment
	}
	return ""
}

// Encode writes a fact as a CloudEvent whose subject, and so whose key, is the
// experiment. What Decode would refuse it refuses.
func Encode(f Fact) (cloudevent.Event, error) {
	out := cloudevent.Event{Source: events.Source, Subject: f.Experiment()}
	var value any
	switch {
	case f.Entries != nil && len(f.Entries.Entries) > 0:
		all := f.Entries.Entries
		first, last := all[0], all[len(all)-1]
		out.Type, value = TypeEntries, f.Entries
		out.ID, out.Time = fmt.Sprintf("%s/%s/%d-%d", f.Entries.Experiment, f.Entries.Run, first.Seq, last.Seq), last.At
	case f.Closed != nil:
		out.Type, value = TypeClosed, f.Closed
		out.ID, out.Time = fmt.Sprintf("%s/%s/closed", f.Closed.Experiment, f.Closed.ID), f.Closed.At
	default:
		return cloudevent.Event{}, errors.New("encoding ground truth: it says nothing")
	}
	var err error
	if out.Data, err = json.Marshal(value); err == nil {
		_, err = Decode(out)
	}
	if err != nil {
		return cloudevent.Event{}, fmt.Errorf("encoding ground truth of experiment %s: %w", f.Experiment(), err)
	}
	return out, nil
}

// Decode reads a record of chaos.ground-truth. Unknown fields are ignored, an
// unknown type is events.ErrUnknownType.
func Decode(c cloudevent.Event) (Fact, error) {
	var f Fact
	var value any
	switch c.Type {
	case TypeEntries:
		f.Entries = &Entries{}
		value = f.Entries
	case TypeClosed:
		f.Closed = &Closed{}
		value = f.Closed
	default:
		return Fact{}, fmt.Errorf("reading ground truth: %w %q", events.ErrUnknownType, c.Type)
	}
	if err := json.Unmarshal(c.Data, value); err != nil {
		return Fact{}, fmt.Errorf("reading ground truth: %w", err)
	}
	var err error
	if f.Entries != nil {
		err = f.Entries.check()
	} else {
		err = f.Closed.check()
	}
	if err != nil {
		return Fact{}, fmt.Errorf("reading ground truth: %w", err)
	}
	return f, nil
}

func (e Entries) check() error {
	if e.Experiment == "" || e.Run == "" || len(e.Entries) == 0 {
		return errors.New("experiment, run and entries must be set")
	}
	var before uint64
	for i, one := range e.Entries {
		if one.Experiment != e.Experiment || one.Run != e.Run || one.Receipt == "" {
			return fmt.Errorf("entry %d is of experiment %q, run %q and receipt %q, the record of experiment %q and run %q",
				i, one.Experiment, one.Run, one.Receipt, e.Experiment, e.Run)
		}
		if one.Seq <= before {
			return fmt.Errorf("entry %d has seq %d after %d: it must rise, from 1 on", i, one.Seq, before)
		}
		before = one.Seq
	}
	return nil
}

func (c Closed) check() error {
	if c.Experiment == "" || c.ID == "" {
		return errors.New("experiment and receipt must be set")
	}
	sum, seen := uint64(0), map[string]bool{}
	for _, part := range c.Runs {
		if part.Run == "" || part.Written == 0 || part.Last < part.Written || seen[part.Run] {
			return fmt.Errorf("receipt %s: run %q with %d entries up to seq %d cannot be", c.ID, part.Run, part.Written, part.Last)
		}
		sum, seen[part.Run] = sum+part.Written, true
	}
	if sum != c.Written {
		return fmt.Errorf("receipt %s: its runs have %d entries, in all it has %d", c.ID, sum, c.Written)
	}
	return nil
}

package experiment

import (
	"errors"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/pack"
	"github.com/k2-platform/faultline/spec"
)

// Compact is the settled state of an experiment that is over, as text: about
// 150 bytes where a State takes a thousand. It does not change, and every
// Compact but the zero value can be read. The text is good for one fold only:
// another one may settle differently.
type Compact struct{ text string }

// errNotCompact is wrapped by whoever knows where the text came from.
var errNotCompact = errors.New("it is no settled state of an experiment that is over")

// Compact is s as Settled leaves it. s must be over.
func (s State) Compact() Compact {
	var w pack.Writer
	w.Text(string(s.ID))
	w.Number(s.Version)
	w.Number(uint64(s.Phase)) //nolint:gosec // phases count from 0
	w.Text(s.By)
	w.Text(s.Document.Environment)
	w.Time(s.Scheduled)
	w.Time(s.Injected)
	w.Time(s.Ended)
	w.Text(string(s.Cause))
	w.Number(uint64(s.Verdict)) //nolint:gosec // verdicts count from 0
	w.Number(uint64(len(s.Steps)))
	for _, st := range s.Steps {
		w.Text(string(st.ID))
		w.Text(st.Fault.Kind)
		w.Text(string(st.Fault.Target))
		w.Number(uint64(st.Phase)) //nolint:gosec // phases count from 0
		w.Text(string(st.Cause))
	}
	w.Alike(string(s.ID), s.handled)
	return Compact{string(w.Out)}
}

// ReadCompact takes back what Text gave. The Compact shares the text's memory.
func ReadCompact(text string) (Compact, error) {
	s, ok := unpack(text)
	if !ok || !s.Phase.Over() {
		return Compact{}, errNotCompact
	}
	return Compact{text}, nil
}

// Text is what ReadCompact reads.
func (c Compact) Text() string { return c.text }

// ID is whose state it is.
func (c Compact) ID() spec.ExperimentID {
	r := pack.Reader{Rest: c.text}
	return spec.ExperimentID(r.Text())
}

// State is what Settled left.
func (c Compact) State() State {
	s, _ := unpack(c.text) // it was read before, or written here
	return s
}

func unpack(text string) (s State, ok bool) {
	r := pack.Reader{Rest: text}
	s.ID = spec.ExperimentID(r.Text())
	s.Version = r.Number()
	s.Phase = Phase(r.Small())
	s.By = r.Text()
	s.Document.Environment = r.Text()
	s.Scheduled, s.Injected, s.Ended = r.Time(), r.Time(), r.Time()
	s.Cause = events.Cause(r.Text())
	s.Verdict = events.Verdict(r.Small())
	s.Steps = make([]Step, r.Count())
	for i := range s.Steps {
		st := &s.Steps[i]
		st.ID = spec.StepID(r.Text())
		st.Fault.Kind = r.Text()
		st.Fault.Target = spec.TargetName(r.Text())
		st.Phase = StepPhase(r.Small())
		st.Cause = events.Cause(r.Text())
	}
	s.handled = r.Alike(string(s.ID))
	return s, r.Done()
}

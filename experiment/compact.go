package experiment

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// Compact is the settled state of an experiment that is over, as text: about
// 150 bytes where a State takes a thousand. It does not change, and every
// Compact but the zero value can be read. The text is good for one build only:
// another one may settle differently.
type Compact struct{ text string }

// errNotCompact is wrapped by whoever knows where the text came from.
var errNotCompact = errors.New("it is no settled state of an experiment that is over")

// Compact is s as Settled leaves it. s must be over.
func (s State) Compact() Compact {
	var w packer
	w.text(string(s.ID))
	w.number(s.Version)
	w.number(uint64(s.Phase)) //nolint:gosec // phases count from 0
	w.text(s.By)
	w.text(s.Document.Environment)
	w.time(s.Scheduled)
	w.time(s.Injected)
	w.time(s.Ended)
	w.text(string(s.Cause))
	w.number(uint64(s.Verdict)) //nolint:gosec // verdicts count from 0
	w.number(uint64(len(s.Steps)))
	for _, st := range s.Steps {
		w.text(string(st.ID))
		w.text(st.Fault.Kind)
		w.text(string(st.Fault.Target))
		w.number(uint64(st.Phase)) //nolint:gosec // phases count from 0
		w.text(string(st.Cause))
	}
	w.alike(string(s.ID), s.handled)
	return Compact{string(w.out)}
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
	r := unpacker{c.text, true}
	return spec.ExperimentID(r.text())
}

// State is what Settled left.
func (c Compact) State() State {
	s, _ := unpack(c.text) // it was read before, or written here
	return s
}

func unpack(text string) (s State, ok bool) {
	r := unpacker{text, true}
	s.ID = spec.ExperimentID(r.text())
	s.Version = r.number()
	s.Phase = Phase(r.small())
	s.By = r.text()
	s.Document.Environment = r.text()
	s.Scheduled, s.Injected, s.Ended = r.time(), r.time(), r.time()
	s.Cause = events.Cause(r.text())
	s.Verdict = events.Verdict(r.small())
	s.Steps = make([]Step, r.count())
	for i := range s.Steps {
		st := &s.Steps[i]
		st.ID = spec.StepID(r.text())
		st.Fault.Kind = r.text()
		st.Fault.Target = spec.TargetName(r.text())
		st.Phase = StepPhase(r.small())
		st.Cause = events.Cause(r.text())
	}
	s.handled = r.alike(string(s.ID))
	return s, r.ok && r.rest == ""
}

// packer appends values to out.
type packer struct{ out []byte }

func (w *packer) number(n uint64) { w.out = binary.AppendUvarint(w.out, n) }

func (w *packer) text(s string) {
	w.number(uint64(len(s)))
	w.out = append(w.out, s...)
}

// time keeps the instant, not the zone.
func (w *packer) time(t time.Time) {
	w.out = binary.AppendVarint(w.out, t.Unix())
	w.number(uint64(t.Nanosecond())) //nolint:gosec // never negative
}

// mostAlike bounds what one byte of text can stand for.
const mostAlike = 255

// alike packs texts of which each begins much as the one before: ids of
// commands mostly begin with that of their experiment.
func (w *packer) alike(before string, texts []string) {
	w.number(uint64(len(texts)))
	for _, t := range texts {
		same := 0
		for same < min(len(before), len(t), mostAlike) && before[same] == t[same] {
			same++
		}
		w.number(uint64(same)) //nolint:gosec // never negative
		w.text(t[same:])
		before = t
	}
}

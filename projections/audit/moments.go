package audit

import "github.com/k2-platform/faultline/projections/digest"

// Has says whether a record or row, whose key has so many columns, is of the
// time; with nil all are. One whose moment cannot be read is of none.
func (m *Moments) Has(f Forms, keys int) bool {
	if m == nil {
		return true
	}
	forms, at := f.Key, m.Column
	if at >= keys {
		forms, at = f.Values, at-keys
	}
	for ; ; at-- {
		v, rest, err := digest.Next(forms)
		if err != nil {
			return false
		}
		if at == 0 {
			micros, ok := v.Instant()
			return ok && m.From <= micros && micros < m.To
		}
		forms = rest
	}
}

// around says whether a record that cannot be read is of the time, by the log's
// own clock.
func (m *Moments) around(millis int64) bool {
	return m == nil || m.From <= 1000*millis && 1000*millis < m.To
}

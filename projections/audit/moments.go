package audit

import "github.com/k2-platform/faultline/projections/digest"

// has says whether a record or row is of the time. One whose moment cannot be
// read is of none.
func (m *Moments) has(f Forms, keys int) bool {
	if m == nil {
		return true
	}
	forms, at := f.Key, m.Column
	if at >= keys {
		forms, at = f.Values, at-keys
	}
	form, err := digest.At(forms, at)
	if err != nil {
		return false
	}
	micros, ok := digest.Instant(form)
	return ok && m.From <= micros && micros < m.To
}

// around says whether a record that cannot be read is of the time, by the log's
// own clock.
func (m *Moments) around(millis int64) bool {
	return m == nil || m.From <= 1000*millis && 1000*millis < m.To
}

package events

import "fmt"

// Verdict is what an experiment showed of its hypothesis. Its zero value is
// Inconclusive: what was not judged was not upheld.
type Verdict int

// The three verdicts.
const (
	Inconclusive Verdict = iota
	Upheld
	Refuted
)

// String is the verdict as it stands on the wire and in tables.
func (v Verdict) String() string {
	switch v {
	case Upheld:
		return "upheld"
	case Refuted:
		return "refuted"
	case Inconclusive:
		return "inconclusive"
	}
	return "inconclusive"
}

// MarshalText implements encoding.TextMarshaler.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText refuses, and leaves at Inconclusive, what is not a verdict.
func (v *Verdict) UnmarshalText(text []byte) error {
	*v = Inconclusive
	for _, known := range []Verdict{Inconclusive, Upheld, Refuted} {
		if known.String() == string(text) {
			*v = known
			return nil
		}
	}
	return fmt.Errorf("verdict %q: write upheld, refuted or inconclusive", text)
}

package events

import "fmt"

// Answer is what a rule says of one moment. Its zero value is Unknown, so a
// rule that was never evaluated cannot pass.
type Answer int

// The three answers.
const (
	Unknown Answer = iota
	Holds
	Violated
)

// String is the answer as it stands on the wire.
func (a Answer) String() string {
	switch a {
	case Holds:
		return "holds"
	case Violated:
		return "violated"
	case Unknown:
		return "unknown"
	}
	return "unknown"
}

// MarshalText implements encoding.TextMarshaler.
func (a Answer) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText refuses, and leaves at Unknown, what is not an answer.
func (a *Answer) UnmarshalText(text []byte) error {
	*a = Unknown
	for _, known := range []Answer{Unknown, Holds, Violated} {
		if known.String() == string(text) {
			*a = known
			return nil
		}
	}
	return fmt.Errorf("answer %q: write unknown, holds or violated", text)
}

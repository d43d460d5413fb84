package spec

import (
	"fmt"
	"time"
)

// Duration is a length of time as people write it in a document: "90s",
// "5m". On the wire it is the same text. The zero value is no time.
type Duration time.Duration

// Of returns d as the standard library's type.
func (d Duration) Of() time.Duration { return time.Duration(d) }

// String writes d the way a document would: "1m30s", "60s" stays "1m0s".
func (d Duration) String() string { return time.Duration(d).String() }

// Seconds says d in words that a sentence can hold: "60 s", "1.5 s".
func (d Duration) Seconds() string { return fmt.Sprintf("%g s", time.Duration(d).Seconds()) }

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. A bare number is
// refused, since its unit could only be guessed.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("duration %q: write a number and a unit, such as 30s, 5m or 1m30s", text)
	}
	if v < 0 {
		return fmt.Errorf("duration %q is negative: write how long, such as 30s", text)
	}
	*d = Duration(v)
	return nil
}

package spec

import (
	"fmt"
	"regexp"
	"strconv"
)

// ClockTime is a time of day in minutes since midnight, written "22:30". The
// end of the day is "24:00".
type ClockTime int

// String writes it as in a document.
func (c ClockTime) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// MarshalText implements encoding.TextMarshaler.
func (c ClockTime) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *ClockTime) UnmarshalText(text []byte) error {
	m := regexp.MustCompile(`^(\d\d):([0-5]\d)$`).FindSubmatch(text)
	if m == nil {
		return fmt.Errorf(`time of day %q: write hours and minutes in quotes, such as "22:30"`, text)
	}
	hours, _ := strconv.Atoi(string(m[1]))
	minutes, _ := strconv.Atoi(string(m[2]))
	if hours*60+minutes > 24*60 {
		return fmt.Errorf(`time of day %q is later than 24:00: write such as "22:30"`, text)
	}
	*c = ClockTime(hours*60 + minutes)
	return nil
}

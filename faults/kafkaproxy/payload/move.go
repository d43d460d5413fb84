package payload

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// move is by how much a time is shifted.
type move time.Duration

// unitOf tells how many ns one is of a number of that Avro logical type; 0: it
// is no time.
func unitOf(logical string) int64 {
	switch strings.TrimPrefix(logical, "local-") {
	case "timestamp-millis":
		return int64(time.Millisecond)
	case "timestamp-micros":
		return int64(time.Microsecond)
	case "timestamp-nanos":
		return 1
	case "date":
		return int64(24 * time.Hour)
	}
	return 0
}

// guess takes the unit from the size of a number, for schemas that do not
// tell: each range is of the years 1973 to 5138.
func guess(n int64) int64 {
	switch {
	case n >= 1e17:
		return 1
	case n >= 1e14:
		return int64(time.Microsecond)
	case n >= 1e11:
		return int64(time.Millisecond)
	case n >= 1e8:
		return int64(time.Second)
	}
	return 0
}

// number moves a count since 1970. What is less than its unit is cut.
func (m move) number(n int64, logical string) (int64, error) {
	unit := unitOf(logical)
	if unit == 0 {
		unit = guess(n)
	}
	if unit == 0 {
		return 0, fmt.Errorf("%d is no time since 1970 in s, ms, µs or ns", n)
	}
	by := int64(m) / unit
	if (by > 0 && n > math.MaxInt64-by) || (by < 0 && n < math.MinInt64-by) {
		return 0, fmt.Errorf("%d cannot be moved by %s", n, time.Duration(m))
	}
	return n + by, nil
}

// text moves a time of RFC 3339, and keeps its zone and its number of digits.
func (m move) text(s string) (string, error) {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return "", fmt.Errorf("%.40q is no time of RFC 3339", s)
	}
	layout := "2006-01-02T15:04:05"
	if _, fraction, ok := strings.Cut(s, "."); ok {
		digits := len(fraction) - len(strings.TrimLeft(fraction, "0123456789"))
		layout += "." + strings.Repeat("0", digits)
	}
	if strings.HasSuffix(s, "Z") {
		layout += "Z"
	} else {
		layout += "-07:00"
	}
	return at.Add(time.Duration(m)).Format(layout), nil
}

// Package with reads the values of a fault's parameters. It knows no fault.
package with

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/spec"
)

// Parameter is one that parse refuses or takes.
func Parameter[T any](name, summary, otherwise string, parse func(string) (T, error)) faults.Parameter {
	return faults.Parameter{Name: name, Summary: summary, Default: otherwise, Check: func(text string) error {
		_, err := parse(text)
		return err
	}}
}

// longest is how long a single thing may wait: longer than any client does.
const longest = time.Hour

// Duration is one from a millisecond to an hour.
func Duration(text string) (time.Duration, error) {
	var d spec.Duration
	if err := d.UnmarshalText([]byte(text)); err != nil {
		return 0, err
	}
	if d.Of() < time.Millisecond || d.Of() > longest {
		return 0, fmt.Errorf("%s: write 1ms to %s", d, spec.Duration(longest))
	}
	return d.Of(), nil
}

// Size is a number of bytes; a bare number is one, since its parameter is
// called by its unit.
func Size(text string) (int64, error) {
	number, unit := strings.TrimSuffix(text, "/s"), float64(1)
	for _, u := range []struct {
		name string
		is   float64
	}{
		{"KiB", 1 << 10},
		{"MiB", 1 << 20},
		{"GiB", 1 << 30},
		{"KB", 1e3},
		{"kB", 1e3},
		{"MB", 1e6},
		{"GB", 1e9},
		{"B", 1},
	} {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = rest, u.is
			break
		}
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || math.IsNaN(n) || n*unit < 1 || n*unit > 1<<40 {
		return 0, fmt.Errorf("size %q: write a number and a unit, such as 1MiB or 500KB, from 1B on", text)
	}
	return int64(n * unit), nil
}

// Share is a number from 0 to 1.
func Share(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		n /= 100
	}
	if err != nil || math.IsNaN(n) || n < 0 || n > 1 {
		return 0, fmt.Errorf("%q: write a share from 0 to 1, such as 0.1, or 10%%", text)
	}
	return n, nil
}

// Word takes one of the words, and gives which.
func Word(words ...string) func(string) (int, error) {
	return func(text string) (int, error) {
		for i, w := range words {
			if text == w {
				return i, nil
			}
		}
		return 0, fmt.Errorf("%q: write one of %s", text, strings.Join(words, ", "))
	}
}

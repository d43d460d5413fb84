// Package params reads the parameters of faults: a default, a check that says
// what to write instead, and the value.
package params

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/spec"
)

// Values are what a document writes, each checked by its parameter.
type Values struct {
	With       map[string]string
	Parameters []faults.Parameter
}

// Has says whether the document itself says something.
func (v Values) Has(name string) bool { return v.With[name] != "" }

// Text is what the document says, or the default.
func (v Values) Text(name string) string {
	if v.Has(name) {
		return v.With[name]
	}
	for _, p := range v.Parameters {
		if p.Name == name {
			return p.Default
		}
	}
	return ""
}

// Read is the zero value where the document says nothing and there is no
// default. What does not parse was refused before.
func Read[T any](v Values, name string, parse func(string) (T, error)) T {
	var zero T
	text := v.Text(name)
	if text == "" {
		return zero
	}
	value, err := parse(text)
	if err != nil {
		return zero
	}
	return value
}

// New is a parameter that parse refuses or takes.
func New[T any](name, summary, otherwise string, parse func(string) (T, error)) faults.Parameter {
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

// Count is a whole number from 1 on.
func Count(text string) (int, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q: write a whole number from 1 on", text)
	}
	return int(n), nil
}

// Seed is a whole number, from which draws follow.
func Seed(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q: write a whole number from 0 on; the same one draws the same", text)
	}
	return n, nil
}

// Word takes one of the words.
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

// List takes values of one kind with commas between them.
func List[T any](one func(string) (T, error)) func(string) ([]T, error) {
	return func(text string) ([]T, error) {
		var out []T
		var problems []error
		for item := range strings.SplitSeq(text, ",") {
			v, err := one(strings.TrimSpace(item))
			out, problems = append(out, v), append(problems, err)
		}
		return out, errors.Join(problems...)
	}
}

// Missing says that a value is needed that was not written.
func Missing(v Values, name, write string) error {
	if v.Text(name) != "" {
		return nil
	}
	return fmt.Errorf("%s is missing: write %s", name, write)
}

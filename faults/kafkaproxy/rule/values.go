package rule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/k2-platform/faultline/faults"
)

// values are what a document writes, each checked by its parameter.
type values struct {
	with       map[string]string
	parameters []faults.Parameter
}

// has says whether the document itself says something.
func (v values) has(name string) bool { return v.with[name] != "" }

// text is what the document says, or the default.
func (v values) text(name string) string {
	if v.has(name) {
		return v.with[name]
	}
	for _, p := range v.parameters {
		if p.Name == name {
			return p.Default
		}
	}
	return ""
}

// read is the zero value where the document says nothing and there is no
// default. What does not parse was refused before.
func read[T any](v values, name string, parse func(string) (T, error)) T {
	var zero T
	text := v.text(name)
	if text == "" {
		return zero
	}
	value, err := parse(text)
	if err != nil {
		return zero
	}
	return value
}

// shift is a duration that may lead back in time.
func shift(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("duration %q: write a number and a unit, such as 5m, or -1h for the past", text)
	}
	if d.Abs() < time.Millisecond {
		return 0, fmt.Errorf("%s: a record's time is in milliseconds; write 1ms or more, or -1ms or less", d)
	}
	return d, nil
}

// count is a whole number from 1 on.
func count(text string) (int, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q: write a whole number from 1 on", text)
	}
	return int(n), nil
}

func seed(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q: write a whole number from 0 on; the same one draws the same", text)
	}
	return n, nil
}

// list takes values of one kind with commas between them.
func list[T any](one func(string) (T, error)) func(string) ([]T, error) {
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

// missing says that a value is needed that was not written.
func missing(v values, name, write string) error {
	if v.text(name) != "" {
		return nil
	}
	return fmt.Errorf("%s is missing: write %s", name, write)
}

package defect

import (
	"fmt"
	"strconv"
	"strings"
)

// In gives the defect a rate: one in so many.
func (d Defect) In(every int64) Defect { return Defect(fmt.Sprintf("%s=1/%d", d.name(), every)) }

// name is the defect without its rate.
func (d Defect) name() Defect {
	name, _, _ := strings.Cut(string(d), "=")
	return Defect(name)
}

// every is its own rate, else the usual one: one in so many.
func (d Defect) every() int64 {
	if n, given, err := d.rate(); given && err == nil {
		return n
	}
	return max(1, All()[d.name()].Every)
}

// rate reads what stands behind the name, if anything does.
func (d Defect) rate() (every int64, given bool, err error) {
	_, text, given := strings.Cut(string(d), "=")
	if !given {
		return 0, false, nil
	}
	of, ok := strings.CutPrefix(text, "1/")
	every, err = strconv.ParseInt(of, 10, 64)
	if !ok || err != nil || every < 1 {
		return 0, true, fmt.Errorf("the rate of the defect %s is %q: write one in so many, as %s", d.name(), text, d.In(100))
	}
	return every, true, nil
}

// check says what is wrong with its rate.
func (d Defect) check(about About) error {
	_, given, err := d.rate()
	if given && about.Every == 0 {
		return fmt.Errorf("the defect %s has no rate, it concerns all: write %s alone", d.name(), d.name())
	}
	return err
}

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/k2-platform/faultline/bench/machine"
)

// row is one line of the table. Met is "yes", "no" or "–" where no target is.
type row struct {
	figure, target, measured, met string
}

// report prints rows as they come to progress, and all of them as one table
// at the end.
type report struct {
	progress io.Writer
	rows     []row
}

func (r *report) add(figure, target, measured string, met bool) {
	answer := "–"
	switch {
	case target == "":
		target = "–"
	case met:
		answer = "yes"
	default:
		answer = "no"
	}
	r.rows = append(r.rows, row{figure, target, measured, answer})
	say(r.progress, fmt.Sprintf("%s: %s", figure, measured))
}

// peer is a line without a target of its own: what another program needs for
// the same, or what another way costs.
func (r *report) peer(figure, measured string) { r.add(figure, "", measured, false) }

func (r *report) print(out io.Writer) {
	say(out, "\n"+machine.String()+"\n\n| figure | target | measured | met |\n|---|---|---|---|")
	for _, l := range r.rows {
		say(out, "| "+strings.Join([]string{l.figure, l.target, l.measured, l.met}, " | ")+" |")
	}
}

func say(out io.Writer, line string) {
	fmt.Fprintln(out, line) //nolint:errcheck // a closed terminal stops nothing
}

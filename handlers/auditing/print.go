package auditing

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
)

// ExitCode is what an audit ends with: 0 where all is accounted for and nothing
// is lost, altered or too much, 1 where something is, 5 where that is not known.
func ExitCode(r audit.Report) int {
	switch r.Answer() {
	case events.Holds:
		return experiment.ExitUpheld
	case events.Violated:
		return experiment.ExitRefuted
	case events.Unknown:
	}
	return experiment.ExitInconclusive
}

// answered is a report as JSON, with what it says.
type answered struct {
	From   *time.Time    `json:"from,omitempty"`
	To     *time.Time    `json:"to,omitempty"`
	Answer events.Answer `json:"answer"`
	Why    string        `json:"why,omitempty"`
	audit.Report
	Checks []events.IntegrityCheck `json:"checks,omitempty"`
}

// PrintJSON writes a report as one JSON object, with the times of closed books
// where it has some.
func PrintJSON(w io.Writer, c Closed) error {
	out := answered{Answer: c.Report.Answer(), Why: c.Report.Why(), Report: c.Report, Checks: c.Checks}
	if !c.To.IsZero() {
		out.From, out.To = &c.From, &c.To
	}
	return json.NewEncoder(w).Encode(out)
}

// Print writes a report for people.
func Print(w io.Writer, r audit.Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	say := func(format string, args ...any) { fmt.Fprintf(t, format, args...) } //nolint:errcheck // Flush tells
	say("%d records of the log, %d rows of the table, %d records with a dead letter%s\n\n", r.Records, r.Rows, r.Letters, besides(r))
	say("Class\trecords\n")
	for _, c := range account.Classes() {
		if n := r.Classes.Of(c); n > 0 {
			mark := ""
			if c.Wrong() {
				mark = "\twrong"
			}
			say("%s\t%d%s\n", c, n, mark)
		}
	}
	if r.Unknown > 0 {
		say("in no class\t%d\n", r.Unknown)
	}
	if produced := r.Classes.Produced(); r.Conclusive() && produced < r.Records/2 {
		say("\nMost records share their key with others: only %d of %d records tell themselves apart by %s. Is it the natural key?\n",
			produced, r.Records, strings.Join(r.Columns[:r.Keys], ", "))
	}
	if len(r.Reasons) > 0 {
		say("\nWhy dead-lettered\trecords\n")
		for _, why := range byCount(r.Reasons) {
			say("%s\t%d\n", line(why), r.Reasons[why])
		}
	}
	printExamples(say, r)
	if len(r.Unread) > 0 {
		say("\nNot read:\n")
		for _, u := range r.Unread {
			say("  %s\n", line(u.String()))
		}
	}
	say("\n%s\n", Sentence(r))
	return t.Flush()
}

func besides(r audit.Report) string {
	out := ""
	if r.Unreadable > 0 {
		out += fmt.Sprintf("; %d records cannot be read", r.Unreadable)
	}
	if r.Others > 0 {
		out += fmt.Sprintf("; %d rows of other records passed over", r.Others)
	}
	return out
}

func printExamples(say func(string, ...any), r audit.Report) {
	first := true
	for _, c := range account.Classes() {
		for _, e := range r.Examples[c] {
			if first {
				say("\nExamples\tpartition\toffset\tkey\n")
				first = false
			}
			at := "-\t-"
			if e.Offset >= 0 {
				at = fmt.Sprintf("%d\t%d", e.Partition, e.Offset)
			}
			why := strings.Join(e.Differ, "; ")
			if e.Reason != "" {
				why = strings.TrimPrefix(why+"; "+e.Reason, "; ")
			}
			if why != "" {
				why = "\t" + line(why)
			}
			say("%s\t%s\t%s%s\n", c, at, line(cmp.Or(e.Key, "?")), why)
		}
	}
}

// Sentence is what an audit says, in one line.
func Sentence(r audit.Report) string {
	switch r.Answer() {
	case events.Holds:
		return "Every record is accounted for."
	case events.Violated:
		out := fmt.Sprintf("%d records are lost, altered or too many.", r.Classes.Wrong())
		if !r.Conclusive() {
			out += " And not all is known: " + why(r) + "."
		}
		return out
	case events.Unknown:
	}
	return "Inconclusive: " + why(r) + "."
}

// why is in one line, and ends without a point.
func why(r audit.Report) string { return strings.TrimSuffix(line(r.Why()), ".") }

func byCount(m map[string]int64) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b)) })
}

// line is a text of others in one line, without what a terminal would obey.
func line(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/projections/checks"
)

func writeChecks(w io.Writer, output string, results []checks.Result) error {
	if output == report.JSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(results)
	}
	return tableOfChecks(w, results)
}

func tableOfChecks(w io.Writer, results []checks.Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "CHECK\tANSWER\tEXPECTED\tFOUND\tEVIDENCE") //nolint:errcheck // Flush tells
	for _, r := range results {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.Check, r.Answer, r.Expected, r.Actual, strings.ReplaceAll(r.Evidence, "\n", "; ")) //nolint:errcheck // Flush tells
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", sentenceOfChecks(results))
	return err
}

// sentenceOfChecks is what all of them say, in one line.
func sentenceOfChecks(results []checks.Result) string {
	names := func(a events.Answer) string {
		var out []string
		for _, r := range results {
			if r.Answer == a && !slices.Contains(out, r.Check) {
				out = append(out, r.Check)
			}
		}
		return strings.Join(out, ", ")
	}
	violated, unknown := names(events.Violated), names(events.Unknown)
	switch {
	case violated != "" && unknown != "":
		return "Violated: " + violated + "; without an answer: " + unknown + "."
	case violated != "":
		return "Violated: " + violated + "."
	case unknown != "":
		return "Without an answer: " + unknown + "."
	}
	return "Every check holds."
}

// exitOfChecks is that of an experiment that found the same.
func exitOfChecks(results []checks.Result) error {
	answers := func(a events.Answer) bool {
		return slices.ContainsFunc(results, func(r checks.Result) bool { return r.Answer == a })
	}
	switch {
	case answers(events.Violated):
		return exitCode(experiment.ExitRefuted)
	case answers(events.Unknown):
		return exitCode(experiment.ExitInconclusive)
	}
	return nil
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/ledger"
)

// print shows what came of a halt: the agents as a table, and then, on the
// side of problems, what is not known to be stopped and what to do about it.
func (h halted) print(cmd *cobra.Command, format, home string) error {
	if format == report.JSON {
		return printJSON(cmd.OutOrStdout(), h)
	}
	if err := printAgents(cmd.OutOrStdout(), h.Outcome); err != nil {
		return err
	}
	for _, f := range h.Failed() {
		cmd.PrintErrln("not undone:", f)
	}
	if len(h.Silent) > 0 {
		cmd.PrintErrf("silent: %s; silence is not a stop. On each one's host: touch $FAULTLINE_HOME/%s, or faultline ledger undo\n",
			strings.Join(h.Silent, ", "), ledger.HaltFileName)
	}
	switch {
	case h.Problem != "":
		cmd.PrintErrf("not every agent could be told: %s\non each agent's host: touch $FAULTLINE_HOME/%s, or faultline ledger undo\n", h.Problem, ledger.HaltFileName)
	case len(h.Answers) == 0 && len(h.Silent) == 0:
		cmd.PrintErrln("no agent answered, and none is enrolled: nothing is known to be stopped")
	}
	h.Here.print(cmd, home)
	if h.Order.All() && len(h.Answers) > 0 {
		cmd.Printf("nothing new is injected until: faultline resume %s\n", h.Order.ID)
	}
	return nil
}

// print tells nothing of the nil one.
func (h *here) print(cmd *cobra.Command, home string) {
	if h == nil {
		return
	}
	if h.HaltFile != "" {
		cmd.Printf("this host is halted by the file %s; remove it before faultline resume\n", h.HaltFile)
	}
	if len(h.Undone) > 0 {
		cmd.Printf("undone on this host: %s\n", strings.Join(h.Undone, ", "))
	} else if len(h.Failed) == 0 {
		cmd.Printf("no fault was left in %s\n", filepath.Join(home, "ledger"))
	}
	for _, f := range h.Failed {
		cmd.PrintErrln("not undone on this host:", f)
	}
}

func printJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func printAgents(out io.Writer, o halt.Outcome) error {
	if len(o.Answers)+len(o.Silent) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "AGENT\tUNDONE\tFAILED\tLATCHED") //nolint:errcheck // Flush tells
	for _, a := range o.Answers {
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\n", a.Agent, a.Undone, len(a.Failed), dash(a.Latched)) //nolint:errcheck // Flush tells
	}
	for _, name := range o.Silent {
		fmt.Fprintf(t, "%s\t?\t?\tsilent\n", name) //nolint:errcheck // Flush tells
	}
	return t.Flush()
}

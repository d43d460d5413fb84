package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/report"
)

func (p proxyOf) faultsCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "faults [KIND]", Short: "What " + p.title + " can do to what passes, and its parameters", Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var names []cobra.Completion
			for _, k := range p.kinds() {
				names = append(names, cobra.CompletionWithDesc(k.Name, k.Summary))
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			kinds := p.kinds()
			if len(args) == 1 {
				k, err := p.kind(args[0], kinds)
				if err != nil {
					return err
				}
				kinds = []faults.Kind{k}
			}
			switch output {
			case report.JSON:
				return json.NewEncoder(cmd.OutOrStdout()).Encode(kindsOf(kinds))
			case report.Text:
				return p.printKinds(cmd.OutOrStdout(), kinds, len(args) == 1)
			}
			return report.ErrFormat(output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", report.Text, "text or json")
	return cmd
}

func (p proxyOf) kind(name string, kinds []faults.Kind) (faults.Kind, error) {
	var names []string
	for _, k := range kinds {
		if k.Name == name {
			return k, nil
		}
		names = append(names, k.Name)
	}
	return faults.Kind{}, fmt.Errorf("%s has no fault %q: write one of %s", p.title, name, strings.Join(names, ", "))
}

// kindJSON is what programs read of a kind.
type kindJSON struct {
	Name       string          `json:"name"`
	Summary    string          `json:"summary"`
	Risk       string          `json:"risk"`
	Parameters []parameterJSON `json:"parameters"`
}

type parameterJSON struct {
	Name    string `json:"name"`
	Summary string `json:"summary"`
	Default string `json:"default,omitempty"`
}

func kindsOf(kinds []faults.Kind) []kindJSON {
	out := make([]kindJSON, 0, len(kinds))
	for _, k := range kinds {
		one := kindJSON{Name: k.Name, Summary: k.Summary, Risk: k.Risk.String(), Parameters: []parameterJSON{}}
		for _, p := range k.Parameters {
			one.Parameters = append(one.Parameters, parameterJSON{p.Name, p.Summary, p.Default})
		}
		out = append(out, one)
	}
	return out
}

// printKinds lists kinds, or says all of one.
func (p proxyOf) printKinds(out io.Writer, kinds []faults.Kind, whole bool) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, k := range kinds {
		fmt.Fprintf(t, "%s\t%s\t%s\n", k.Name, k.Risk, k.Summary) //nolint:errcheck // Flush tells
		if !whole {
			continue
		}
		for _, p := range k.Parameters {
			given := ""
			if p.Default != "" {
				given = "default " + p.Default
			}
			fmt.Fprintf(t, "  %s\t%s\t%s\n", p.Name, given, p.Summary) //nolint:errcheck // Flush tells
		}
	}
	if !whole {
		fmt.Fprintf(t, "\nfaultline %s faults KIND says its parameters\n", p.command) //nolint:errcheck // Flush tells
	}
	return t.Flush()
}

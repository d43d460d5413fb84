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

// faultsCommand lists kinds of fault, or says all of one.
func faultsCommand(short string, kinds []faults.Kind) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "faults [KIND]", Short: short, Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var names []cobra.Completion
			for _, k := range kinds {
				names = append(names, cobra.CompletionWithDesc(k.Name, k.Summary))
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			chosen := kinds
			if len(args) == 1 {
				k, err := kindNamed(args[0], kinds)
				if err != nil {
					return err
				}
				chosen = []faults.Kind{k}
			}
			switch output {
			case report.JSON:
				return json.NewEncoder(cmd.OutOrStdout()).Encode(kindsOf(chosen))
			case report.Text:
				if err := printKinds(cmd.OutOrStdout(), chosen, len(args) == 1); err != nil || len(args) == 1 {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "\n%s KIND says its parameters\n", cmd.CommandPath())
				return err
			}
			return report.ErrFormat(output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", report.Text, "text or json")
	return cmd
}

func kindNamed(name string, kinds []faults.Kind) (faults.Kind, error) {
	var names []string
	for _, k := range kinds {
		if k.Name == name {
			return k, nil
		}
		names = append(names, k.Name)
	}
	return faults.Kind{}, fmt.Errorf("there is no fault %q: write one of %s", name, strings.Join(names, ", "))
}

// kindJSON is what programs read of a kind.
type kindJSON struct {
	Name       string          `json:"name"`
	Summary    string          `json:"summary"`
	Risk       string          `json:"risk"`
	Breaks     []string        `json:"breaks"`
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
		one := kindJSON{Name: k.Name, Summary: k.Summary, Risk: k.Risk.String(), Breaks: breaks(k), Parameters: []parameterJSON{}}
		for _, p := range k.Parameters {
			one.Parameters = append(one.Parameters, parameterJSON{p.Name, p.Summary, p.Default})
		}
		out = append(out, one)
	}
	return out
}

// breaks names the kinds of target that a fault can break.
func breaks(k faults.Kind) []string {
	if len(k.Breaks) == 0 {
		return []string{"any"} // which it leaves alone
	}
	out := make([]string, len(k.Breaks))
	for i, b := range k.Breaks {
		out[i] = string(b)
	}
	return out
}

// printKinds lists kinds, or says all of one.
func printKinds(out io.Writer, kinds []faults.Kind, whole bool) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, k := range kinds {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", k.Name, k.Risk, strings.Join(breaks(k), ", "), k.Summary) //nolint:errcheck // Flush tells
		if !whole {
			continue
		}
		for _, p := range k.Parameters {
			given := ""
			if p.Default != "" {
				given = "default " + p.Default
			}
			fmt.Fprintf(t, "  %s\t%s\t\t%s\n", p.Name, given, p.Summary) //nolint:errcheck // Flush tells
		}
	}
	return t.Flush()
}

// faultsCommand lists what a proxy can do.
func (p proxyOf) faultsCommand() *cobra.Command {
	return faultsCommand("What "+p.title+" can do to what passes, and its parameters", p.kinds())
}

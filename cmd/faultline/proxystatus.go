package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/internal/report"
)

// proxyOf is a kind of fault proxy that the command line has.
type proxyOf struct {
	command string // such as kafka-proxy
	title   string // such as a Kafka proxy
	kinds   func() []faults.Kind
	state   func(home string) string // its state folder where it is told no other
}

func (p proxyOf) statusCommand(w *where) *cobra.Command {
	var proxy control.Client
	var output string
	cmd := &cobra.Command{
		Use: "status", Short: "Faults that are in force in " + p.title + ", and what they met", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != report.Text && output != report.JSON {
				return report.ErrFormat(output)
			}
			if proxy.Address == "" {
				s, err := w.settings()
				if err != nil {
					return err
				}
				if proxy.Address, err = control.Address(p.state(s.Home)); err != nil {
					return err
				}
			}
			status, err := proxy.Status(cmd.Context())
			if err != nil {
				return err
			}
			if output == report.JSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(status)
			}
			return printProxy(cmd.OutOrStdout(), status)
		},
	}
	cmd.Flags().StringVar(&proxy.Address, "control", "", "where the proxy is asked, unix:///path or http://127.0.0.1:port; default control.sock in the state folder")
	cmd.Flags().StringVar(&proxy.TokenFile, "token-file", "", "file with the token of a proxy that is asked over http")
	cmd.Flags().StringVarP(&output, "output", "o", report.Text, "text or json")
	return cmd
}

func printProxy(out io.Writer, s control.Status) error {
	if len(s.Faults) == 0 {
		_, err := fmt.Fprintln(out, "no fault is in force: it is a plain proxy")
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RECEIPT\tFAULT\tWITH\tLIFTED IN\tUNLESS KEPT\tSEEN\tMET\tTOUCHED\tNOT DONE") //nolint:errcheck // Flush tells
	for _, f := range s.Faults {
		lifted, kept := "with the proxy", "-"
		if !f.Static {
			lifted, kept = f.Left.Of().Round(time.Second).String(), f.Kept.Of().Round(time.Second).String()
		}
		var c control.Count
		if f.Count != nil {
			c = *f.Count
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\n", f.Receipt, f.Kind, dash(pairs(f)), lifted, kept, c.Seen, c.Met, c.Touched, dash(notDone(c))) //nolint:errcheck // Flush tells
	}
	return t.Flush()
}

// pairs writes link and parameters as --fault takes them.
func pairs(f control.State) string {
	var out []string
	if f.Link != "" {
		out = append(out, "link="+f.Link)
	}
	for _, name := range slices.Sorted(maps.Keys(f.With)) {
		out = append(out, name+"="+f.With[name])
	}
	return strings.Join(out, " ")
}

// notDone says why what was met was passed on all the same.
func notDone(c control.Count) string {
	var out []string
	for _, why := range slices.Sorted(maps.Keys(c.Why)) {
		out = append(out, fmt.Sprintf("%d %s", c.Why[why], why))
	}
	return strings.Join(out, ", ")
}

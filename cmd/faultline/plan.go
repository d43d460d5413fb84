package main

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

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/handlers/radius"
	"github.com/k2-platform/faultline/internal/caller"
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/spec"
)

// planned is a dry run: what would be done, and what it needs.
type planned struct {
	File       string         `json:"file"`
	Hypothesis string         `json:"hypothesis"`
	Steps      []plannedStep  `json:"steps"`
	Metrics    []neededMetric `json:"metrics"`
	Triggers   []string       `json:"rollback_when"`
	Longest    string         `json:"longest"`
	// Decision is what the policy would say now.
	Decision events.BlastRadiusDecided `json:"decision"`
}

type plannedStep struct {
	ID     spec.StepID     `json:"id"`
	Kind   string          `json:"kind"`
	Risk   string          `json:"risk"`
	Target spec.TargetName `json:"target"`
	For    string          `json:"for"`
	Undo   string          `json:"undo"`
}

type neededMetric struct {
	Name  string          `json:"name"`
	Unit  string          `json:"unit"`
	Needs spec.TargetName `json:"needs"`
}

func planCommand(w *where) *cobra.Command {
	var profile, platform, policy, output string
	var iKnow bool
	cmd := &cobra.Command{
		Use: "plan FILE", Short: "Say what a run would do here, without doing it", Args: cobra.ExactArgs(1),
		Long: "Checks the document and asks each fault's driver, on this machine, whether it could break its target\n" +
			"and how it would undo that; then asks the policy whether it may, and shows each rule with its inputs.\n" +
			"What only a running pipeline knows is missing where none runs, and a missing input denies.\n" +
			"Nothing is scheduled. Exit code 2 when something could not be done, or would be denied.",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := w.settings()
			if err != nil {
				return err
			}
			if platform == "" {
				platform = s.PlatformOrDefault()
			}
			p, err := loadPlatform(platform)
			if err != nil {
				return fmt.Errorf("%w; start the sandbox, or name a platform with --platform", err)
			}
			doc, err := accept(cmd.ErrOrStderr(), args[0], profile, p)
			if err != nil {
				return err
			}
			own, err := lakeOf(s)
			if err != nil {
				return err
			}
			plan, err := planFor(cmd, args[0], doc.WithDefaults(), p, drivers.All(s.Home).WithLake(own))
			if err != nil {
				return err
			}
			q := radius.Question{Document: doc, Platform: p, Requester: caller.Name(), IKnow: iKnow, At: time.Now().UTC()}
			if plan.Decision, err = w.ask(cmd.Context(), cmp.Or(policy, s.Policy), q); err != nil {
				return err
			}
			if err := plan.print(cmd.OutOrStdout(), output); err != nil {
				return err
			}
			if !plan.Decision.Allowed && !plan.Decision.NeedsApproval {
				return exitError(experiment.ExitInvalid)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&profile, "profile", "", "profile of the document, such as demo")
	cmd.Flags().StringVar(&platform, "platform", "", "platform description; default that of the pipeline")
	cmd.Flags().StringVar(&policy, "policy", "", "policy to ask; default that of the settings, else the one that is built in")
	addIKnow(cmd, &iKnow)
	cmd.Flags().StringVarP(&output, "output", "o", report.Text, "text or json")
	return cmd
}

func planFor(cmd *cobra.Command, file string, doc spec.Document, p spec.Platform, set drivers.Set) (planned, error) {
	out := planned{File: file, Hypothesis: doc.Sentence(), Metrics: metricsOf(doc, p)}
	longest := time.Duration(doc.Baseline.Duration + doc.Limits.RecoveryTimeout)
	for _, st := range doc.Steps {
		d, err := set.Of(st.Fault.Kind)
		if err != nil {
			return out, err
		}
		target, _ := p.Target(st.Fault.Target) // the document was held against the platform
		r, err := d.Plan(cmd.Context(), st.Fault, target)
		if err != nil {
			return out, fmt.Errorf("step %s cannot be done here: %w", st.ID, err)
		}
		life := st.For
		if life == 0 {
			life = doc.Limits.MaxFaultLife
		}
		longest += time.Duration(life)
		out.Steps = append(out.Steps, plannedStep{st.ID, st.Fault.Kind, drivers.KindOf(st.Fault.Kind).Risk.String(), st.Fault.Target, life.String(), undoOf(r)})
	}
	for _, t := range doc.Triggers {
		out.Triggers = append(out.Triggers, t.Label())
	}
	out.Longest = longest.String()
	return out, nil
}

// undoOf says what is kept to undo a fault.
func undoOf(r faults.Receipt) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(r.Undo)) {
		if v := r.Undo[k]; v != "" && len(v) < 80 {
			parts = append(parts, k+" "+v)
		}
	}
	return strings.Join(parts, ", ")
}

func metricsOf(doc spec.Document, p spec.Platform) []neededMetric {
	known := maps.Clone(p.Metrics)
	maps.Copy(known, doc.Metrics)
	var out []neededMetric
	for _, name := range spoken(doc) {
		if m, ok := known[name]; ok {
			out = append(out, neededMetric{name, m.Unit, m.Needs})
		}
	}
	return out
}

func (p planned) print(w io.Writer, format string) error {
	if format == report.JSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(p)
	}
	if format != report.Text {
		return report.ErrFormat(format)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s\n\nStep\tfault\ttarget\trisk\tfor\tundone by\n", p.Hypothesis) //nolint:errcheck // Flush tells
	for _, s := range p.Steps {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, s.Kind, s.Target, s.Risk, s.For, s.Undo) //nolint:errcheck // Flush tells
	}
	fmt.Fprint(t, "\nMetric\tunit\tneeds\n") //nolint:errcheck // Flush tells
	for _, m := range p.Metrics {
		fmt.Fprintf(t, "%s\t%s\t%s\n", m.Name, m.Unit, m.Needs) //nolint:errcheck // Flush tells
	}
	printDecision(t, p.Decision)
	fmt.Fprintf(t, "\nRolled back early when %s.\nTakes %s at the longest. Nothing was scheduled.\n", //nolint:errcheck // Flush tells
		strings.Join(p.Triggers, ", or "), p.Longest)
	return t.Flush()
}

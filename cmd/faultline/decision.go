package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/handlers/radius"
	"github.com/k2-platform/faultline/handlers/sampling"
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/rules/blastradius"
	"github.com/k2-platform/faultline/spec"
)

// askWithinPlan bounds how long a plan looks for a pipeline.
const askWithinPlan = 10 * time.Second

// ask lets the policy decide on what this machine and, where a pipeline runs,
// its log can tell.
func (w *where) ask(ctx context.Context, policy string, q radius.Question) (events.BlastRadiusDecided, error) {
	asker := radius.Asker{
		Policy:  func() (blastradius.Policy, error) { return radius.ReadPolicy(policy) },
		Sources: radius.Sources{Kind: drivers.KindOf, Healthy: radius.BrokerAnswers},
	}
	look, stop := context.WithTimeout(ctx, askWithinPlan)
	defer stop()
	s, err := w.reach(look)
	if err != nil {
		return asker.Decide(ctx, q) // without a log; what it would tell is missing
	}
	defer s.Close() //nolint:errcheck // only read from
	if err := s.fold(look); err == nil {
		asker.Log = s.log.All
	}
	meter := radius.Meter{Clock: sampling.NewPool(nil, slog.New(slog.DiscardHandler)), Reader: s.Bus, Topic: s.Bus.Topics().Readings}
	asker.Traffic = meter.Traffic
	return asker.Decide(ctx, q)
}

func printDecision(w io.Writer, d events.BlastRadiusDecided) {
	outcome := "would be denied"
	switch {
	case d.Allowed:
		outcome = "would be allowed"
	case d.NeedsApproval:
		outcome = "would wait for a second person"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nBlast radius: %s by policy %s\n\nRule\tanswer\twhy\n", outcome, d.Policy)
	for _, r := range d.Rules {
		answer, why := r.Answer.String(), r.Why
		if r.Warns && r.Answer != events.Holds {
			answer += ", warns"
		}
		if len(r.Missing) > 0 {
			why += "; missing: " + strings.Join(r.Missing, ", ")
		}
		fmt.Fprintf(&b, "%s\t%s\t%s\n", r.Name, answer, why)
	}
	b.WriteString("\nInput\tvalue\n")
	for _, in := range inputsOf(d) {
		fmt.Fprintf(&b, "%s\t%s\n", in[0], in[1])
	}
	_, _ = io.WriteString(w, b.String()) // Flush tells
}

const missing = "missing"

// inputsOf lists every input with its value, or that it is missing.
func inputsOf(d events.BlastRadiusDecided) [][2]string {
	in := d.Inputs
	out := [][2]string{
		{"environment", in.Environment},
		{"blast radius", string(in.BlastRadius)},
		{"faults at once", strconv.Itoa(in.AtOnce)},
		{"requester", in.Requester},
		{"--i-know", strconv.FormatBool(in.IKnow)},
		{"time", in.At.Format("Mon 2006-01-02 15:04 MST")},
	}
	for _, k := range slices.Sorted(maps.Keys(in.Labels)) {
		out = append(out, [2]string{"label " + k, in.Labels[k]})
	}
	live := missing
	if in.Live != nil {
		live = strconv.Itoa(in.Live.Total) + perTarget(in.Live.PerTarget)
	}
	out = append(out, [2]string{"live faults of others", live})
	for _, f := range in.Faults {
		out = append(out, faultInputs(f)...)
	}
	return append(out,
		[2]string{"ingestion_rate now", traffic(d, blastradius.IngestionRate, in.Traffic.IngestionRate)},
		[2]string{"ingestion_rate, median of a week", traffic(d, blastradius.WeekMedian, in.Traffic.WeekMedian)})
}

func faultInputs(f events.RadiusFault) [][2]string {
	upheld := missing
	if f.UpheldSmaller != nil {
		upheld = strconv.Itoa(*f.UpheldSmaller)
	}
	name := "step " + string(f.Step)
	out := [][2]string{
		{name, fmt.Sprintf("%s (%s) on %s, which is %s", f.Kind, f.Risk, f.Target, names(f.Members))},
		{name + ", upheld at lower risk", upheld},
	}
	for _, g := range f.Brokers {
		healthy := missing
		if g.Healthy != nil {
			healthy = names(*g.Healthy)
		}
		out = append(out, [2]string{name + ", healthy brokers of " + string(g.Name), healthy + " of " + names(g.Members)})
	}
	return out
}

// traffic is measured only for rules that read it.
func traffic(d events.BlastRadiusDecided, name string, v *float64) string {
	switch {
	case v != nil:
		return report.Number(*v) + " records/s"
	case slices.ContainsFunc(d.Rules, func(r events.RadiusRule) bool { return slices.Contains(r.Missing, name) }):
		return missing
	}
	return "not asked for by any rule"
}

func names(targets []spec.TargetName) string {
	if len(targets) == 0 {
		return "none"
	}
	out := make([]string, len(targets))
	for i, t := range targets {
		out[i] = string(t)
	}
	return strings.Join(out, ", ")
}

func perTarget(count map[spec.TargetName]int) string {
	var out []string
	for _, t := range slices.Sorted(maps.Keys(count)) {
		out = append(out, fmt.Sprintf("%d on %s", count[t], t))
	}
	if len(out) == 0 {
		return ""
	}
	return " (" + strings.Join(out, ", ") + ")"
}

package blastradius

import (
	"strings"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/rules"
	"github.com/k2-platform/faultline/spec"
)

// Names that rules read and that take time to find out.
const (
	IngestionRate = "traffic.ingestion_rate"
	WeekMedian    = "traffic.week_median"
)

// names are what a rule may read, of one fault of the experiment at a time.
func names() map[string]rules.Type {
	return map[string]rules.Type{
		"environment":             rules.Text,
		"requester":               rules.Text,
		"experiment.title":        rules.Text,
		"experiment.system":       rules.Text,
		"experiment.blast_radius": rules.Text,
		"experiment.labels":       rules.Labels,
		"experiment.i_know":       rules.Truth,
		"experiment.at_once":      rules.Whole,
		"fault.step":              rules.Text,
		"fault.kind":              rules.Text,
		"fault.risk":              rules.Text,
		"target.name":             rules.Text,
		"target.members":          rules.Texts,
		"target.broker":           rules.Truth,
		"time.now":                rules.Moment,
		"time.hour":               rules.Whole,
		"time.weekday":            rules.Text,
		"live.total":              rules.Whole,
		"live.on_target":          rules.Whole,
		IngestionRate:             rules.Number,
		WeekMedian:                rules.Number,
	}
}

// values are what is known of names. What is not known is left out.
func values(in events.RadiusInputs, f events.RadiusFault, clock *time.Location) map[string]any {
	members := make([]string, len(f.Members))
	for i, m := range f.Members {
		members[i] = string(m)
	}
	labels := in.Labels
	if labels == nil {
		labels = map[string]string{}
	}
	out := map[string]any{
		"environment": in.Environment, "experiment.title": in.Title, "experiment.system": in.System,
		"experiment.blast_radius": string(in.BlastRadius), "experiment.labels": labels,
		"experiment.i_know": in.IKnow, "experiment.at_once": int64(in.AtOnce),
		"fault.step": string(f.Step), "fault.kind": f.Kind, "fault.risk": f.Risk,
		"target.name": string(f.Target), "target.members": members, "target.broker": len(f.Brokers) > 0,
	}
	if spec.Person(in.Requester) != "" {
		out["requester"] = in.Requester
	}
	if !in.At.IsZero() {
		now := in.At.In(clock)
		out["time.now"], out["time.hour"], out["time.weekday"] = now, int64(now.Hour()), weekday(now)
	}
	if in.Live != nil {
		out["live.total"], out["live.on_target"] = int64(in.Live.Total), int64(mostOn(in.Live.PerTarget, f.Members))
	}
	if v := in.Traffic.IngestionRate; v != nil {
		out[IngestionRate] = *v
	}
	if v := in.Traffic.WeekMedian; v != nil {
		out[WeekMedian] = *v
	}
	return out
}

func mostOn(count map[spec.TargetName]int, targets []spec.TargetName) int {
	most := 0
	for _, t := range targets {
		most = max(most, count[t])
	}
	return most
}

func weekday(t time.Time) string { return strings.ToLower(t.Weekday().String()[:3]) }

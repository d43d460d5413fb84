package blastradius

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// radius holds the faults to what the document says of itself. Controls do
// nothing to their targets; those must be there all the same.
func radius(in events.RadiusInputs) events.RadiusRule {
	r := events.RadiusRule{Name: "blast_radius", Answer: events.Holds}
	if len(in.Faults) == 0 {
		return unknown(r, "it is not known what the experiment breaks", "faults")
	}
	reached := map[spec.TargetName]bool{}
	for _, f := range in.Faults {
		if len(f.Members) == 0 {
			return violated(r, fmt.Sprintf("step %s: target %s matches nothing on the platform; name one that is there", f.Step, f.Target))
		}
		for _, m := range f.Members {
			if !f.Harmless {
				reached[m] = true
			}
		}
	}
	size := cmp.Or(in.BlastRadius, spec.Isolated)
	if size == spec.Several {
		return r
	}
	if size != spec.Isolated {
		return violated(r, fmt.Sprintf("%q is no size; write %s", size, strings.Join(spec.Radii(), " or ")))
	}
	if len(reached) > 1 {
		return violated(r, fmt.Sprintf("isolated means one target, and it reaches %s; write blast_radius: several", list(slices.Sorted(maps.Keys(reached)))))
	}
	if in.AtOnce > 1 {
		return violated(r, fmt.Sprintf("isolated means one live fault, and %d can be in place at once; write blast_radius: several", in.AtOnce))
	}
	return r
}

// risks holds where each fault's risk is allowed on each target.
func risks(env spec.EnvironmentPolicy, in events.RadiusInputs) events.RadiusRule {
	r := events.RadiusRule{Name: "risk", Answer: events.Holds}
	for _, f := range in.Faults {
		allowed := env.Allows.Of(f.Risk)
		if listed(allowed, f) {
			continue
		}
		on := "nothing"
		if len(allowed) > 0 {
			on = strings.Join(allowed, ", ")
		}
		return violated(r, fmt.Sprintf("step %s: %s is %s, which %s allows on %s, not on %s", f.Step, f.Kind, f.Risk, in.Environment, on, f.Target))
	}
	return r
}

func listed(allowed []string, f events.RadiusFault) bool {
	if slices.Contains(allowed, spec.AllServices) || slices.Contains(allowed, string(f.Target)) {
		return true
	}
	return len(f.Members) > 0 && !slices.ContainsFunc(f.Members, func(m spec.TargetName) bool { return !slices.Contains(allowed, string(m)) })
}

func liveFaults(env spec.EnvironmentPolicy, in events.RadiusInputs) events.RadiusRule {
	r := events.RadiusRule{Name: "max_live_faults", Answer: events.Holds}
	limit := cmp.Or(env.Limits.MaxLiveFaults, 1)
	switch {
	case in.AtOnce == 0:
	case in.Live == nil:
		return unknown(r, "the faults of other experiments are not known; is the pipeline up?", "live.total")
	case in.Live.Total+in.AtOnce > limit:
		return violated(r, fmt.Sprintf("%d live faults of other experiments and %d of this one are more than %d; wait until they are over", in.Live.Total, in.AtOnce, limit))
	}
	return r
}

func perTarget(env spec.EnvironmentPolicy, in events.RadiusInputs) events.RadiusRule {
	r := events.RadiusRule{Name: "max_per_target", Answer: events.Holds}
	limit := cmp.Or(env.Limits.MaxPerTarget, 1)
	for _, t := range slices.Sorted(maps.Keys(in.PerTarget)) {
		own := in.PerTarget[t]
		switch {
		case own == 0:
		case in.Live == nil:
			return unknown(r, "the faults of other experiments are not known; is the pipeline up?", "live.on_target")
		case in.Live.PerTarget[t]+own > limit:
			return violated(r, fmt.Sprintf("%d live faults on %s of other experiments and %d of this one are more than %d; wait until they are over", in.Live.PerTarget[t], t, own, limit))
		}
	}
	return r
}

// lastBroker holds where a healthy broker is left in each group that loses
// one, whatever the other live faults do.
func lastBroker(env spec.EnvironmentPolicy, in events.RadiusInputs) events.RadiusRule {
	r := events.RadiusRule{Name: "last_broker", Answer: events.Holds}
	hit := map[spec.TargetName]bool{}
	for _, f := range in.Faults {
		for _, m := range f.Members {
			hit[m] = hit[m] || !f.Harmless && !f.Serves
		}
	}
	for _, f := range in.Faults {
		for _, g := range f.Brokers {
			if f.Harmless || f.Serves {
				continue
			}
			if env.LastBroker == spec.LastBrokerAllow {
				r.Why = in.Environment + " allows even the last broker"
				return r
			}
			if g.Healthy == nil || in.Live == nil {
				return unknown(r, fmt.Sprintf("which brokers of %s are left is not known", g.Name), "brokers."+string(g.Name)+".healthy")
			}
			left := slices.DeleteFunc(slices.Clone(*g.Healthy), func(m spec.TargetName) bool { return hit[m] || in.Live.PerTarget[m] > 0 })
			if len(left) == 0 {
				return violated(r, fmt.Sprintf("step %s: %s on %s leaves no healthy broker of %s (healthy now: %s); heal the others first", f.Step, f.Kind, f.Target, g.Name, list(*g.Healthy)))
			}
		}
	}
	return r
}

// startSmall holds where the target was seen to bear less, or the requester
// says that they know.
func startSmall(env spec.EnvironmentPolicy, in events.RadiusInputs) events.RadiusRule {
	r := events.RadiusRule{Name: "start_small", Answer: events.Holds, Warns: env.StartSmall == spec.StartSmallWarn}
	for _, f := range in.Faults {
		if f.Harmless || f.Risk == "safe" {
			continue
		}
		if in.IKnow {
			r.Why = "the requester says --i-know"
			return r
		}
		if f.UpheldSmaller == nil {
			return unknown(r, "what ran before is not known; is the pipeline up?", "fault.upheld_smaller")
		}
		if *f.UpheldSmaller == 0 {
			return violated(r, fmt.Sprintf("step %s: nothing of lower risk than %s (%s) ever ended upheld on %s; begin with less, such as process.pause, or say --i-know", f.Step, f.Kind, f.Risk, f.Target))
		}
	}
	return r
}

// judge asks a rule of each fault. It denies the experiment where it is true
// of one of them, and where it cannot be told.
func (r rule) judge(in events.RadiusInputs, clock *time.Location) events.RadiusRule {
	out := events.RadiusRule{Name: r.Name, Answer: events.Holds}
	if len(in.Faults) == 0 {
		return unknown(out, r.Why, "faults")
	}
	var problems []error
	for _, f := range in.Faults {
		answer, missing, err := r.compiled.EvalTyped(values(in, f, clock))
		switch answer {
		case events.Holds:
			return violated(events.RadiusRule{Name: r.Name}, r.Why)
		case events.Unknown:
			out.Answer = events.Unknown
			out.Missing = append(out.Missing, missing...)
			problems = append(problems, err)
		case events.Violated:
		}
	}
	if out.Answer == events.Unknown {
		slices.Sort(out.Missing)
		out.Missing = slices.Compact(out.Missing)
		out.Why = "it cannot be told whether it applies"
		if err := errors.Join(problems...); err != nil {
			out.Why += ": " + err.Error()
		}
	}
	return out
}

func list[S ~string](names []S) string {
	if len(names) == 0 {
		return "none"
	}
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = string(n)
	}
	return strings.Join(out, ", ")
}

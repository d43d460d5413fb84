package spec

import (
	"fmt"
	"maps"
	"slices"
	"time"

	_ "time/tzdata" // zones are known where the machine has no database of them
)

// Weekdays are the days as a policy writes them, Sunday first as in package
// time.
func Weekdays() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// Environments are all that a document, a platform and a policy may name.
func Environments() []string { return []string{"development", "test", "staging", Production} }

func (v *validator) policy(p Policy) {
	if p.Version != "v1" {
		v.refuse("faultline_policy", fmt.Sprintf("version %q is not known", p.Version), "write faultline_policy: v1")
	}
	v.required("name", p.Name, "write name: a name by which decisions tell which policy made them")
	v.zone("time_zone", p.TimeZone)
	for _, name := range slices.Sorted(maps.Keys(p.Environments)) {
		path := "environments." + name
		v.environment(path, name)
		v.environmentPolicy(path, name, p.Environments[name])
	}
	seen := map[string]bool{}
	for i, r := range p.Rules {
		path := indexed("rules", i)
		v.required(path+".name", r.Name, "write name: what the rule keeps out")
		v.required(path+".rule", r.Rule, "write rule: a CEL expression that is true where the fault is denied")
		v.required(path+".why", r.Why, "write why: what the requester is told")
		if seen[r.Name] {
			v.refuse(path+".name", fmt.Sprintf("rule %q stands twice", r.Name), "give each rule a name of its own")
		}
		seen[r.Name] = true
		for j, e := range r.Environments {
			v.environment(indexed(path+".environments", j), e)
		}
	}
}

func (v *validator) environmentPolicy(path, name string, e EnvironmentPolicy) {
	v.word(path+".start_small", e.StartSmall, StartSmallRequire, StartSmallWarn)
	v.word(path+".last_broker", e.LastBroker, LastBrokerDeny, LastBrokerAllow)
	if name == Production && e.NeedsApproval != nil && !*e.NeedsApproval {
		v.refuse(path+".needs_approval", "production always needs a second person", "remove it, or write true")
	}
	if e.Limits.MaxLiveFaults < 0 || e.Limits.MaxPerTarget < 0 {
		v.refuse(path+".limits", "a limit is a number from 1", "write max_live_faults: 1 and max_per_target: 1")
	}
	for i, w := range e.Windows {
		at := indexed(path+".windows", i)
		for j, d := range w.Days {
			v.word(indexed(at+".days", j), d, Weekdays()...)
		}
		if w.From == w.To || w.From == 24*60 {
			v.refuse(at, "the window is empty", `write from: "22:00" and to: "06:00"; the whole day is from: "00:00" to: "24:00"`)
		}
		v.required(at+".time_zone", w.TimeZone, "write time_zone: Australia/Sydney, or UTC")
		v.zone(at+".time_zone", w.TimeZone)
	}
}

// word takes one of the words, or nothing.
func (v *validator) word(path, value string, known ...string) {
	if value != "" && !slices.Contains(known, value) {
		v.refuse(path, fmt.Sprintf("%q is not known", value), DidYouMean(value, known))
	}
}

func (v *validator) zone(path, name string) {
	if name == "Local" {
		v.refuse(path, "Local is another zone on another machine", "write the zone's IANA name, such as Australia/Sydney")
		return
	}
	if _, err := time.LoadLocation(name); err != nil {
		v.refuse(path, fmt.Sprintf("time zone %q is not known", name), "write its IANA name, such as Australia/Sydney, or UTC")
	}
}

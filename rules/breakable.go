package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/k2-platform/faultline/spec"
)

// breakable refuses a fault on a target, or on a group with a member, of a
// kind that it does not break.
func (c *documentCheck) breakable(path string, f spec.Fault) {
	breaks := c.kinds[f.Kind]
	if len(breaks) == 0 {
		return
	}
	for _, name := range c.platform.Reach(f.Target) {
		is := c.platform.Targets[name].Kind()
		if slices.Contains(breaks, is) {
			continue
		}
		member := ""
		if name != f.Target {
			member = fmt.Sprintf("%s of group ", name)
		}
		what, hint := "a "+string(is), fmt.Sprintf("faults for a %s: %s", is, c.faultsFor(is))
		if is == spec.WatchedKind {
			what, hint = "only watched", fmt.Sprintf("write %s for it in the platform's description", eitherOf(breaks))
		}
		c.refuse(path, fmt.Sprintf("%s breaks a %s; target %s%s is %s", f.Kind, eitherOf(breaks), member, f.Target, what), hint)
		return
	}
}

// faultsFor names the faults that break targets of a kind.
func (c *documentCheck) faultsFor(kind spec.TargetKind) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(c.kinds)) {
		if slices.Contains(c.kinds[name], kind) {
			out = append(out, name)
		}
	}
	if len(out) == 0 {
		return "none in this build"
	}
	return strings.Join(out, ", ")
}

func eitherOf(kinds []spec.TargetKind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = string(k)
	}
	last := max(0, len(words)-1)
	if last == 0 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

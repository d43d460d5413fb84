package spec_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/spec"
)

func every(spec.Step) bool { return true }

func TestAtOnce(t *testing.T) {
	second := spec.Duration(time.Second)
	first, none := &[]spec.StepID{"a"}, &[]spec.StepID{}
	step := func(id spec.StepID, life spec.Duration, after *[]spec.StepID) spec.Step {
		return spec.Step{ID: id, For: life, After: after}
	}
	cases := map[string]struct {
		steps []spec.Step
		want  int
	}{
		"none":                      {nil, 0},
		"one":                       {[]spec.Step{step("a", 0, nil)}, 1},
		"one after the other":       {[]spec.Step{step("a", second, nil), step("b", second, nil), step("c", 0, nil)}, 1},
		"the first stays":           {[]spec.Step{step("a", 0, nil), step("b", second, nil), step("c", second, nil)}, 2},
		"all stay":                  {[]spec.Step{step("a", 0, nil), step("b", 0, nil), step("c", 0, nil)}, 3},
		"all at once":               {[]spec.Step{step("a", second, none), step("b", second, none), step("c", second, none)}, 3},
		"a fork":                    {[]spec.Step{step("a", second, nil), step("b", second, first), step("c", second, first)}, 2},
		"through one that stays":    {[]spec.Step{step("a", second, nil), step("b", 0, nil), step("c", second, nil)}, 2},
		"beside one that has begun": {[]spec.Step{step("a", second, nil), step("b", second, none), step("c", second, nil)}, 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := spec.AtOnce(c.steps, every); got != c.want {
				t.Errorf("%d at once, want %d", got, c.want)
			}
		})
	}
	apart := cases["beside one that has begun"].steps
	if got := spec.AtOnce(apart, func(s spec.Step) bool { return s.ID != "b" }); got != 2 {
		t.Errorf("what is not counted must not hold the others apart: %d", got)
	}
}

// TestNoRunHasMoreAtOnce plays documents: whatever the order in which steps
// that may begin do so, and steps that are over go, no more are in place.
func TestNoRunHasMoreAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var steps []spec.Step
		for i := range rapid.IntRange(1, 6).Draw(t, "n") {
			s := spec.Step{ID: spec.StepID(rune('a' + i)), For: spec.Duration(rapid.IntRange(0, 1).Draw(t, "for"))}
			if rapid.Bool().Draw(t, "names") {
				after := []spec.StepID{}
				for j := range i {
					if rapid.Bool().Draw(t, "waits") {
						after = append(after, steps[j].ID)
					}
				}
				s.After = &after
			}
			steps = append(steps, s)
		}
		limit := spec.AtOnce(steps, every)
		present, gone := map[spec.StepID]bool{}, map[spec.StepID]bool{}
		for range 20 {
			i := rapid.IntRange(0, len(steps)-1).Draw(t, "which")
			s := steps[i]
			switch {
			case present[s.ID] && s.For > 0:
				delete(present, s.ID)
				gone[s.ID] = true
			case !present[s.ID] && !gone[s.ID] && mayBegin(steps, i, present, gone):
				present[s.ID] = true
			}
			if len(present) > limit {
				t.Fatalf("%d in place, AtOnce says %d: %+v", len(present), limit, steps)
			}
		}
	})
}

func mayBegin(steps []spec.Step, i int, present, gone map[spec.StepID]bool) bool {
	var waits []spec.StepID
	switch {
	case steps[i].After != nil:
		waits = *steps[i].After
	case i > 0:
		waits = []spec.StepID{steps[i-1].ID}
	}
	return !slices.ContainsFunc(waits, func(id spec.StepID) bool {
		at := slices.IndexFunc(steps, func(s spec.Step) bool { return s.ID == id })
		return !gone[id] && (steps[at].For > 0 || !present[id])
	})
}

func TestReach(t *testing.T) {
	p := spec.Platform{Targets: map[spec.TargetName]spec.Target{
		"a": {}, "b": {}, "all": {Members: []spec.TargetName{"b", "a", "a"}}, "nest": {Members: []spec.TargetName{"all"}},
		"ring": {Members: []spec.TargetName{"ring", "a"}},
	}}
	for name, want := range map[spec.TargetName][]spec.TargetName{
		"a": {"a"}, "all": {"a", "b"}, "nest": {"a", "b"}, "ring": {"a"}, "nobody": nil,
	} {
		if got := p.Reach(name); !slices.Equal(got, want) {
			t.Errorf("%s reaches %v, want %v", name, got, want)
		}
	}
}

func TestParsePolicyRefuses(t *testing.T) {
	const good = `faultline_policy: v1
name: ours
time_zone: Australia/Sydney
environments:
  staging:
    allows: {safe: [all_services]}
    windows: [{days: [mon], from: "22:00", to: "06:00", time_zone: UTC}]
  production: {}
rules: [{name: n, rule: r, why: w}]
`
	if _, problems := spec.ParsePolicy([]byte(good)); problems.Err() != nil {
		t.Fatal(problems)
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"no version":         {"faultline_policy: v1\n", "", "write faultline_policy: v1"},
		"no name":            {"name: ours\n", "", "name: is missing"},
		"unknown place":      {"  staging:", "  stagin:", "did you mean staging?"},
		"unknown zone":       {"Australia/Sydney", "Australia/Sidney", "3:12: error: time_zone: time zone"},
		"the machine's zone": {"time_zone: UTC", "time_zone: Local", "another zone on another machine"},
		"no zone":            {", time_zone: UTC", "", "time_zone: is missing"},
		"unknown day":        {"[mon]", "[monday]", "did you mean mon?"},
		"no time":            {`"22:00"`, `"25:00"`, "later than 24:00"},
		"unquoted time":      {`"22:00"`, `22`, "in quotes"},
		"empty window":       {`"06:00"`, `"22:00"`, "the window is empty"},
		"unknown word":       {"allows:", "start_small: warm\n    allows:", "did you mean warn?"},
		"alone in prod":      {"production: {}", "production: {needs_approval: false}", "always needs a second person"},
		"negative limit":     {"production: {}", "production: {limits: {max_per_target: -1}}", "a number from 1"},
		"rule without why":   {", why: w", "", "why: is missing"},
		"rule twice":         {"rules: [", "rules: [{name: n, rule: r, why: w}, ", "stands twice"},
		"typo":               {"windows:", "window:", "did you mean windows?"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := spec.ParsePolicy([]byte(strings.Replace(good, c.from, c.to, 1)))
			if err := problems.Err(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

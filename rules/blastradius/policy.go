// Package blastradius decides what an experiment may touch, by a policy of
// fixed checks and CEL rules. It gathers none of its inputs and keeps no time:
// the same policy and inputs always give the same decision.
package blastradius

import (
	_ "embed" // the built-in policy
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/k2-platform/faultline/rules"
	"github.com/k2-platform/faultline/spec"
)

//go:embed default.yaml
var builtIn []byte

// Policy is a policy whose rules are compiled. The zero value allows nothing.
type Policy struct {
	spec.Policy
	rules []rule
	clock *time.Location // of the rules
}

type rule struct {
	spec.DenyRule
	compiled rules.Rule
}

// Default is the policy that is built in.
func Default() (Policy, error) {
	p, problems := Parse(builtIn)
	if err := problems.In("the built-in policy").Err(); err != nil {
		return Policy{}, fmt.Errorf("reading the built-in policy: %w", err)
	}
	return p, nil
}

// Parse reads a policy and compiles its rules. The problems name the place and
// what to write instead; a policy with problems allows nothing.
func Parse(source []byte) (Policy, spec.Problems) {
	parsed, problems := spec.ParsePolicy(source)
	if problems.Err() != nil {
		return Policy{}, problems
	}
	env, err := rules.NewTypedEnv(names())
	if err != nil {
		return Policy{}, append(problems, spec.Problem{Message: err.Error()})
	}
	out := Policy{Policy: parsed.Policy}
	for i, r := range parsed.Policy.Rules {
		compiled, err := env.Compile(r.Rule)
		if err != nil {
			problems = append(problems, mistake(parsed, fmt.Sprintf("rules[%d].rule", i), r.Rule, err))
		} else if len(compiled.Names()) == 0 {
			problems = append(problems, spec.Problem{
				Position: parsed.At(fmt.Sprintf("rules[%d].rule", i)), Path: fmt.Sprintf("rules[%d].rule", i),
				Message: fmt.Sprintf("rule %q always answers the same", r.Rule), Hint: "compare an input, such as fault.risk == \"dangerous\"",
			})
		}
		out.rules = append(out.rules, rule{r, compiled})
	}
	if out.clock, err = time.LoadLocation(parsed.Policy.TimeZone); err != nil {
		problems = append(problems, spec.Problem{Position: parsed.At("time_zone"), Path: "time_zone", Message: err.Error()})
	}
	if problems.Err() != nil {
		return Policy{}, problems.Sorted()
	}
	return out, problems
}

func mistake(parsed spec.ParsedPolicy, path, expr string, err error) spec.Problem {
	p := spec.Problem{Position: parsed.At(path), Path: path, Message: err.Error()}
	if ce, ok := errors.AsType[*rules.CompileError](err); ok {
		p.Message, p.Hint = ce.Message, ce.Hint
		p.Position = ce.Shifted(p.Position, expr)
	}
	return p
}

// Reads says whether a rule for an environment reads an input, so that what
// costs time is asked for only where it is needed.
func (p Policy) Reads(environment, name string) bool {
	return slices.ContainsFunc(p.rules, func(r rule) bool {
		return r.countsIn(environment) && slices.Contains(r.compiled.Names(), name)
	})
}

func (r rule) countsIn(environment string) bool {
	return len(r.Environments) == 0 || slices.Contains(r.Environments, environment)
}

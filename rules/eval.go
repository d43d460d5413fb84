package rules

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
)

// Rule is one compiled rule. It is safe for concurrent use. The zero value
// answers Unknown with an error.
type Rule struct {
	source         string
	names          []string
	plain, partial cel.Program
}

// Source is the rule as it was written.
func (r Rule) Source() string { return r.source }

// Names are the variables that the rule reads, sorted.
func (r Rule) Names() []string { return slices.Clone(r.names) }

// Eval judges the readings. A reading that is absent, NaN or infinite is
// unknown, not zero: the answer is Holds or Violated only when it is the same
// whatever the absent readings would be. healthy.<service> is 1 or 0.
// Arithmetic without a finite result, such as division by zero, is Unknown
// too. The same values always give the same answer. An error means the rule
// itself cannot be judged; the answer is then Unknown.
func (r Rule) Eval(values map[string]float64) (Answer, error) {
	if r.plain == nil {
		return Unknown, errors.New("judging rule: it was not compiled; use Env.Compile")
	}
	var absent []*cel.AttributePatternType
	for _, n := range r.names {
		if !present(values, n) {
			absent = append(absent, cel.AttributePattern(n))
		}
	}
	if len(absent) == 0 {
		return r.run(r.plain, readings(values))
	}
	vars, err := cel.PartialVars(readings(values), absent...)
	if err != nil {
		return Unknown, fmt.Errorf("judging rule %q: %w", r.source, err)
	}
	return r.run(r.partial, vars)
}

func (r Rule) run(program cel.Program, vars cel.Activation) (Answer, error) {
	out, _, err := program.Eval(vars)
	switch {
	case errors.Is(err, errArithmetic):
		return Unknown, nil
	case err != nil:
		return Unknown, fmt.Errorf("judging rule %q: %w", r.source, err)
	case out == types.True:
		return Holds, nil
	case out == types.False:
		return Violated, nil
	}
	return Unknown, nil // what is left is CEL's own unknown
}

// readings lets CEL read the caller's map in place.
type readings map[string]float64

// ResolveName gives what the caller's map holds; absence was dealt with
// before.
func (r readings) ResolveName(name string) (any, bool) {
	if !present(r, name) {
		return nil, false
	}
	if strings.HasPrefix(name, healthyPrefix) {
		return r[name] == 1, true
	}
	return r[name], true
}

// Parent is nil: there is nothing behind the readings.
func (readings) Parent() cel.Activation { return nil }

func present(values map[string]float64, name string) bool {
	v, ok := values[name]
	if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
		return false
	}
	return !strings.HasPrefix(name, healthyPrefix) || v == 0 || v == 1
}

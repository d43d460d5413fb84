package rules

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"

	"github.com/k2-platform/faultline/spec"
)

// Type is what a name of a typed vocabulary stands for.
type Type int

// The types.
const (
	Number Type = iota // float64
	Whole              // int64
	Text               // string
	Truth              // bool
	Moment             // time.Time
	Texts              // []string
	Labels             // map[string]string
)

func (t Type) cel() *cel.Type {
	switch t {
	case Number:
		return cel.DoubleType
	case Whole:
		return cel.IntType
	case Text:
		return cel.StringType
	case Truth:
		return cel.BoolType
	case Moment:
		return cel.TimestampType
	case Texts:
		return cel.ListType(cel.StringType)
	case Labels:
		return cel.MapType(cel.StringType, cel.StringType)
	}
	return cel.DynType
}

// NewTypedEnv declares names of several types, for rules that are not about
// readings: those of a policy. Judge their rules with EvalTyped.
func NewTypedEnv(names map[string]Type) (*Env, error) {
	sorted := slices.Sorted(maps.Keys(names))
	declared := options()
	for _, n := range sorted {
		declared = append(declared, cel.Variable(n, names[n].cel()))
	}
	env, err := cel.NewEnv(declared...)
	if err != nil {
		return nil, fmt.Errorf("building rule environment: %w", err)
	}
	return &Env{cel: env, names: sorted, unknown: "a rule may read " + strings.Join(sorted, ", "), estimate: shortTexts{}}, nil
}

// shortTexts bounds texts, lists and maps, as those of a document are: a rule
// over them may be judged at all.
type shortTexts struct{ noEstimate }

const longestText = 256

func (shortTexts) EstimateSize(checker.AstNode) *checker.SizeEstimate {
	return &checker.SizeEstimate{Min: 0, Max: longestText}
}

// EvalTyped is Eval for a rule of a typed vocabulary. missing names what the
// rule reads and values does not hold, where that leaves it Unknown. A rule
// that cannot be judged on these values is Unknown and an error.
func (r Rule) EvalTyped(values map[string]any) (answer Answer, missing []string, err error) {
	if r.plain == nil {
		return Unknown, nil, errors.New("judging rule: it was not compiled; use Env.Compile")
	}
	var absent []*cel.AttributePatternType
	for _, n := range r.names {
		if _, ok := values[n]; !ok {
			missing = append(missing, n)
			absent = append(absent, cel.AttributePattern(n))
		}
	}
	if len(missing) == 0 {
		vars, err := cel.NewActivation(values)
		if err != nil {
			return Unknown, nil, fmt.Errorf("judging rule %q: %w", r.source, err)
		}
		answer, err = r.run(r.plain, vars)
		return answer, nil, err
	}
	vars, err := cel.PartialVars(values, absent...)
	if err != nil {
		return Unknown, missing, fmt.Errorf("judging rule %q: %w", r.source, err)
	}
	answer, err = r.run(r.partial, vars)
	if answer != Unknown {
		missing = nil
	}
	return answer, missing, err
}

// Shifted moves a compile error from the start of the rule to the word in it,
// where the rule stands unquoted on one line of its document.
func (e *CompileError) Shifted(at spec.Position, expr string) spec.Position {
	if at.Line > 0 && e.Line == 1 && e.Column > 0 && !strings.Contains(expr, "\n") {
		at.Column += e.Column - 1
	}
	return at
}

package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
)

// Limits keep a rule's cost in bounds whoever wrote it.
const (
	maxSource  = 4096    // characters of one rule
	maxNesting = 50      // depth of brackets
	maxCost    = 100_000 // in CEL's units; a comparison of two readings costs 3
)

// Env is the language of one experiment's rules: which names exist and of
// what type they are. It is safe for concurrent use.
type Env struct {
	cel      *cel.Env
	names    []string
	unknown  string // hint for a name that is not among them
	estimate checker.CostEstimator
}

// NewEnv declares the vocabulary. An error names every bad name.
func NewEnv(v Vocabulary) (*Env, error) {
	if err := v.Validate(); err != nil {
		return nil, err
	}
	names := v.names()
	env, err := cel.NewEnv(append(options(), declarations(names)...)...)
	if err != nil {
		return nil, fmt.Errorf("building rule environment: %w", err)
	}
	slices.Sort(names)
	return &Env{cel: env, names: names, unknown: "declare it as a metric of the experiment first", estimate: noEstimate{}}, nil
}

func options() []cel.EnvOption {
	return []cel.EnvOption{
		cel.CrossTypeNumericComparisons(true),
		cel.ParserExpressionSizeLimit(maxSource),
		cel.ParserRecursionLimit(maxNesting),
		cel.ASTValidators(
			cel.ValidateDurationLiterals(),
			cel.ValidateTimestampLiterals(),
			cel.ValidateRegexLiterals(),
			cel.ValidateHomogeneousAggregateLiterals(),
			cel.ValidateComprehensionNestingLimit(1),
		),
	}
}

func declarations(names []string) []cel.EnvOption {
	out := make([]cel.EnvOption, 0, len(names))
	for _, n := range names {
		kind := cel.DoubleType
		if strings.HasPrefix(n, healthyPrefix) {
			kind = cel.BoolType
		}
		out = append(out, cel.Variable(n, kind))
	}
	return out
}

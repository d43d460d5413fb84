package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
)

// Compile reads one rule and checks its names and types, so that a mistake is
// found before anything is scheduled. The error is a *CompileError.
func (e *Env) Compile(expr string) (Rule, error) {
	if strings.TrimSpace(expr) == "" {
		return Rule{}, &CompileError{Line: 1, Column: 1, Message: "the rule is empty", Hint: "write a condition, as in error_rate > 0.2"}
	}
	ast, issues := e.cel.Compile(expr)
	if issues.Err() != nil {
		return Rule{}, e.explain(expr, issues)
	}
	if !ast.OutputType().IsExactType(cel.BoolType) {
		return Rule{}, &CompileError{
			Line: 1, Column: 1,
			Message: fmt.Sprintf("a rule is true or false, this one gives %s", ast.OutputType()),
			Hint:    "compare it with something, as in error_rate > 0.2",
		}
	}
	if cost, err := e.cel.EstimateCost(ast, e.estimate); err != nil || cost.Max > maxCost {
		return Rule{}, &CompileError{Line: 1, Column: 1, Message: "the rule may take too long to judge", Hint: "write it without text functions or long lists"}
	}
	return e.plan(expr, ast)
}

// plan makes two programs: the plain one is five times as fast, the
// partial one can tell an absent reading from a zero.
func (e *Env) plan(expr string, ast *cel.Ast) (Rule, error) {
	plain, err := e.cel.Program(ast, cel.CustomDecoratorV2(guardArithmetic))
	if err != nil {
		return Rule{}, &CompileError{Line: 1, Column: 1, Message: err.Error()}
	}
	partial, err := e.cel.Program(ast, cel.CustomDecoratorV2(guardArithmetic),
		cel.EvalOptions(cel.OptPartialEval), cel.CostLimit(maxCost))
	if err != nil {
		return Rule{}, &CompileError{Line: 1, Column: 1, Message: err.Error()}
	}
	return Rule{source: expr, names: e.namesIn(ast), plain: plain, partial: partial}, nil
}

func (e *Env) namesIn(ast *cel.Ast) []string {
	var names []string
	for _, r := range ast.NativeRep().ReferenceMap() {
		if _, declared := slices.BinarySearch(e.names, r.Name); declared {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// noEstimate leaves every estimate to CEL: variables are numbers and
// booleans, which have no size.
type noEstimate struct{}

func (noEstimate) EstimateSize(checker.AstNode) *checker.SizeEstimate { return nil }

func (noEstimate) EstimateCallCost(string, string, *checker.AstNode, []checker.AstNode) *checker.CallEstimate {
	return nil
}

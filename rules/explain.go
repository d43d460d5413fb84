package rules

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"

	"github.com/k2-platform/faultline/spec"
)

// CompileError says what is wrong with a rule, where, and what to write
// instead. Line and Column count from 1, Column in characters.
type CompileError struct {
	Line, Column  int
	Message, Hint string
}

// Error is one line: place, problem, remedy.
func (e *CompileError) Error() string {
	s := fmt.Sprintf("compiling rule: line %d, column %d: %s", e.Line, e.Column, e.Message)
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// explain turns the first of CEL's issues into words of the rule's author.
func (e *Env) explain(expr string, issues *cel.Issues) *CompileError {
	first := issues.Errors()[0]
	out := &CompileError{Line: max(first.Location.Line(), 1), Column: max(first.Location.Column()+1, 1)}
	out.Message, _, _ = strings.Cut(first.Message, "\n")
	out.Message = strings.TrimSuffix(out.Message, " (in container '')")
	switch {
	case strings.Contains(first.Message, "undeclared reference"), strings.Contains(first.Message, "does not support field selection"):
		e.explainName(expr, out)
	case strings.Contains(first.Message, "found no matching overload"):
		out.Hint = e.explainOverload(expr, first.ExprID, out)
	case strings.HasPrefix(first.Message, "Syntax error") && strings.Contains(first.Message, "at: '="):
		out.Hint = "write == to compare"
	}
	return out
}

// explainName finds the whole dotted name around the place that CEL points to.
func (e *Env) explainName(expr string, out *CompileError) {
	lines := strings.Split(expr, "\n")
	if out.Line > len(lines) {
		return
	}
	line := lines[out.Line-1]
	for _, at := range regexp.MustCompile(`[A-Za-z_]\w*(\.[A-Za-z_]\w*)*`).FindAllStringIndex(line, -1) {
		from, to := utf8.RuneCountInString(line[:at[0]]), utf8.RuneCountInString(line[:at[1]])
		if out.Column-1 < from || out.Column-1 >= to {
			continue
		}
		name := line[at[0]:at[1]]
		if strings.HasPrefix(strings.TrimSpace(line[at[1]:]), "(") {
			out.Message = "unknown function " + name
			return
		}
		out.Column, out.Message = from+1, "unknown name "+name
		if near := spec.Suggest(name, e.names); near != "" {
			out.Hint = "did you mean " + near + "?"
		} else {
			out.Hint = e.unknown
		}
		return
	}
}

// explainOverload names the whole number that should have been a decimal one.
func (e *Env) explainOverload(expr string, id int64, out *CompileError) string {
	if !strings.Contains(out.Message, "double") || !strings.Contains(out.Message, "int") {
		return ""
	}
	parsed, issues := e.cel.Parse(expr)
	if issues.Err() != nil {
		return ""
	}
	var literal string
	for _, call := range ast.MatchDescendants(ast.NavigateAST(parsed.NativeRep()), func(n ast.NavigableExpr) bool { return n.ID() == id }) {
		for _, n := range ast.MatchDescendants(call, ast.KindMatcher(ast.LiteralKind)) {
			if whole, ok := n.AsLiteral().(types.Int); ok && literal == "" {
				literal = fmt.Sprintf("%d", int64(whole))
			}
		}
	}
	out.Message = "whole and decimal numbers do not mix here"
	if literal == "" {
		return "wrap the whole number: double(...)"
	}
	return fmt.Sprintf("write %s.0 in place of %s", literal, literal)
}

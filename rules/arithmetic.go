package rules

import (
	"errors"
	"math"

	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"
)

// errArithmetic marks a calculation without a finite result.
var errArithmetic = errors.New("arithmetic has no finite result")

// guardArithmetic makes a calculation without a finite result an error, which
// Eval answers as Unknown. CEL follows IEEE 754, where acked / offered with
// nothing offered is +Inf, and +Inf >= 0.9 would pass.
func guardArithmetic(node interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	call, ok := node.(interpreter.InterpretableCall)
	if !ok {
		return node, nil
	}
	switch call.Function() {
	case operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo, operators.Negate:
		return guarded{call}, nil
	}
	return node, nil
}

type guarded struct{ interpreter.InterpretableCall }

func (g guarded) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	return finite(g.InterpretableCall.Exec(frame))
}

func (g guarded) Eval(vars interpreter.Activation) ref.Val {
	return finite(g.InterpretableCall.Eval(vars))
}

func finite(v ref.Val) ref.Val {
	switch v := v.(type) {
	case types.Double:
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return types.WrapErr(errArithmetic)
		}
	case *types.Err:
		// Integers: division by zero, overflow.
		return types.WrapErr(errArithmetic)
	}
	return v
}

package faults

import (
	"fmt"

	"github.com/k2-platform/faultline/spec"
)

// Planned is what a Plan returns: the receipt, or the zero one with an error
// that says what was being planned.
func Planned(kind string, f spec.Fault, r Receipt, err error) (Receipt, error) {
	if err != nil {
		return Receipt{}, fmt.Errorf("planning %s on %s: %w", kind, f.Target, err)
	}
	return r, nil
}

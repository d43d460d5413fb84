package inside

import (
	"fmt"

	"github.com/k2-platform/faultline/faults"
)

const (
	of        = "of"
	ofGroup   = "group"
	ofMachine = "host"
)

// Of is the parameter by which a document says that what the machine has is
// meant, and not what the target's group has: then others suffer, too.
func Of(summary string) faults.Parameter {
	return faults.Parameter{Name: of, Summary: summary, Default: ofGroup, Check: func(text string) error {
		if text != ofGroup && text != ofMachine {
			return fmt.Errorf("%q: write %s or %s", text, ofGroup, ofMachine)
		}
		return nil
	}}
}

// OfHost says whether a fault is of the machine.
func OfHost(with map[string]string) bool { return with[of] == ofMachine }

package rule

import (
	"errors"
	"slices"
	"strings"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/often"
	"github.com/k2-platform/faultline/faults/params"
	"github.com/k2-platform/faultline/spec"
)

// kind is a row of the table of faults.
type kind struct {
	name, summary string
	risk          faults.Risk
	serves        bool // others are served meanwhile, and so is who it meets
	own           []faults.Parameter
	// lacks says of parameters that other kinds take why this one does not.
	lacks map[string]string
	ways  ways
	apis  []int16 // that it can meet; nil: all
	api   string  // those that it meets where none is named; "" = apis
	fill  func(v params.Values, r *Rule)
	// fits says what is wrong with values that are right each alone; nil: nothing.
	fits func(v params.Values) error
}

// kinds are all of them, in the order of their names.
func kinds() []kind {
	all := slices.Concat(byteKinds(), protocolKinds(), recordKinds(), []kind{corruptKind()})
	slices.SortFunc(all, func(a, b kind) int { return strings.Compare(a.name, b.name) })
	return all
}

func (k kind) describe() faults.Kind {
	return faults.Kind{
		Name: k.name, Summary: k.summary, Risk: k.risk, Serves: k.serves, Breaks: []spec.TargetKind{spec.ProxyKind},
		Parameters: k.parameters(), Without: k.lacks,
		Together: func(with map[string]string) error { _, err := k.rule(with); return err },
	}
}

// parameters are its own and, of those that select, the ones that it does not
// lack.
func (k kind) parameters() []faults.Parameter {
	return slices.Concat(k.own, slices.DeleteFunc(k.selection(), func(p faults.Parameter) bool { return k.lacks[p.Name] != "" }))
}

// rule is what values that were checked each alone ask for together.
func (k kind) rule(with map[string]string) (Rule, error) {
	v := params.Values{With: with, Parameters: k.parameters()}
	r := Rule{Fault: k.name, Where: k.where(v), Often: often.Of(v)}
	problems := []error{often.Fits(v), k.apiFits(r.Where)}
	if k.fits != nil {
		problems = append(problems, k.fits(v))
	}
	k.fill(v, &r)
	return r, errors.Join(problems...)
}

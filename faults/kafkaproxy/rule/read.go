package rule

import (
	"fmt"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/spec"
)

// Read makes the rule that a fault of a document asks for. id is that of the
// receipt. An error is faults.ErrRefused and joins all that is wrong, each
// with what to write instead.
func Read(id, name string, with map[string]string) (Rule, error) {
	for _, k := range kinds() {
		if k.name != name {
			continue
		}
		if err := k.describe().CheckWith(with); err != nil {
			return Rule{}, err
		}
		r, err := k.rule(with)
		r.ID = id
		return r, err
	}
	return Rule{}, fmt.Errorf("%w: a Kafka proxy has no fault %q: %s", faults.ErrRefused, name, spec.DidYouMean(name, names()))
}

// Kinds describes the faults of the proxy, in the order of their names.
func Kinds() []faults.Kind {
	var out []faults.Kind
	for _, k := range kinds() {
		out = append(out, k.describe())
	}
	return out
}

func names() []string {
	var out []string
	for _, k := range kinds() {
		out = append(out, k.name)
	}
	return out
}

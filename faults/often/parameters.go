package often

import (
	"errors"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/params"
)

// Parameters say how often.
func Parameters() []faults.Parameter {
	return []faults.Parameter{
		params.New("rate", "probability with which it meets one, from 0 to 1 or in %", "", params.Share),
		params.New("every", "it meets each nth", "", params.Count),
		params.New("first", "it meets so many in all, then none", "", params.Count),
		params.New("seed", "of what is drawn: the same one draws the same", "0", params.Seed),
	}
}

// Of is what a document asks for.
func Of(v params.Values) Often {
	o := Often{Rate: 1, Every: params.Read(v, "every", params.Count), First: params.Read(v, "first", params.Count), Seed: params.Read(v, "seed", params.Seed)}
	if v.Has("rate") {
		o.Rate = params.Read(v, "rate", params.Share)
	}
	return o
}

// Fits refuses two answers to how often.
func Fits(v params.Values) error {
	if v.Has("rate") && v.Has("every") {
		return errors.New("rate and every are two answers to how often: write one of them")
	}
	return nil
}

package params

import (
	"errors"
	"time"

	"github.com/k2-platform/faultline/faults"
)

// Delays are the parameters of a delay, its jitter, and its tail. otherwise is
// the delay where a document writes none; "": it must.
func Delays(otherwise, summary string) []faults.Parameter {
	return []faults.Parameter{
		New("delay", summary, otherwise, Duration),
		New("jitter", "each waits up to so much more or less", "", Duration),
		New("p99", "the wait is log-normal, and one in a hundred waits longer than this", "", Duration),
	}
}

// DelayFits refuses delays that do not fit each other, or none at all.
func DelayFits(v Values) error {
	delay, jitter, p99 := Read(v, "delay", Duration), Read(v, "jitter", Duration), Read(v, "p99", Duration)
	problems := []error{Missing(v, "delay", "delay: 200ms")}
	switch {
	case v.Has("jitter") && v.Has("p99"):
		problems = append(problems, errors.New("jitter and p99 are two shapes of a delay: write one of them"))
	case v.Has("p99") && p99 < delay:
		problems = append(problems, shorter("p99", p99, "delay, the median", delay))
	case v.Text("delay") != "" && jitter > delay:
		problems = append(problems, shorter("delay", delay, "jitter, and nothing comes early", jitter))
	}
	return errors.Join(problems...)
}

func shorter(name string, is time.Duration, than string, other time.Duration) error {
	return errors.New(name + " " + is.String() + " is shorter than " + than + ": write " + other.String() + " or more")
}

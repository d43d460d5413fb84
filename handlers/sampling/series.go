package sampling

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/k2-platform/faultline/observe"
)

// series reads the name of a series as Prometheus writes it: total, or
// total{reason="late",zone="a"}. Those labels must match, others may be there.
func series(metric, text string, rate bool) (observe.Series, error) {
	out := observe.Series{Metric: metric, Rate: rate}
	name, rest, labelled := strings.Cut(strings.TrimSpace(text), "{")
	out.Name = strings.TrimSpace(name)
	if !labelled {
		return out, nil
	}
	wrong := fmt.Errorf(`finding metric %s: series %q; write name{label="value"}, with commas between labels`, metric, text)
	inside, after, closed := strings.Cut(rest, "}")
	if !closed || strings.TrimSpace(after) != "" || out.Name == "" {
		return out, wrong
	}
	label, err := regexp.Compile(`^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"([^"\\{}]*)"\s*$`)
	if err != nil {
		return out, err
	}
	out.Labels = map[string]string{}
	for part := range strings.SplitSeq(inside, ",") {
		m := label.FindStringSubmatch(part)
		if m == nil {
			return out, wrong
		}
		out.Labels[m[1]] = m[2]
	}
	return out, nil
}

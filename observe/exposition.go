package observe

import (
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// families is a parsed exposition.
type families map[string]*dto.MetricFamily

// sum adds the series of one name whose labels match. Of a histogram or
// summary, name_sum and name_count can be asked for.
func (f families) sum(name string, labels map[string]string) (total float64, found bool) {
	family, part := f[name], ""
	if family == nil {
		for _, suffix := range []string{"_sum", "_count"} {
			if base, ok := strings.CutSuffix(name, suffix); ok && f[base] != nil {
				family, part = f[base], suffix
			}
		}
	}
	for _, m := range family.GetMetric() {
		if !matches(m, labels) {
			continue
		}
		if v, ok := value(m, part); ok {
			total, found = total+v, true
		}
	}
	return total, found
}

func matches(m *dto.Metric, labels map[string]string) bool {
	got := make(map[string]string, len(m.GetLabel()))
	for _, l := range m.GetLabel() {
		got[l.GetName()] = l.GetValue()
	}
	for name, want := range labels {
		if got[name] != want {
			return false
		}
	}
	return true
}

func value(m *dto.Metric, part string) (float64, bool) {
	switch part {
	case "_sum":
		if m.Histogram != nil {
			return m.GetHistogram().GetSampleSum(), true
		}
		return m.GetSummary().GetSampleSum(), m.Summary != nil
	case "_count":
		if m.Histogram != nil {
			return float64(m.GetHistogram().GetSampleCount()), true
		}
		return float64(m.GetSummary().GetSampleCount()), m.Summary != nil
	}
	switch {
	case m.Gauge != nil:
		return m.GetGauge().GetValue(), true
	case m.Counter != nil:
		return m.GetCounter().GetValue(), true
	case m.Untyped != nil:
		return m.GetUntyped().GetValue(), true
	}
	return 0, false
}

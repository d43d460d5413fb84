package observe

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// outcome is what became of one request.
type outcome struct {
	at       time.Time
	took     time.Duration
	timed    bool   // took says how long the client waited; a refusal is no latency
	answered bool   // in time, with a status below 500
	expected bool   // as the expectation has it
	kinds    []bool // which of the kinds that are counted it is; none without an answer
	err      error
}

func (p *HTTPProbe) shares(out *taken) {
	answered, failed := 0, 0
	for _, o := range p.window {
		if o.answered {
			answered++
		}
		if !o.expected {
			failed++
		}
	}
	n := float64(len(p.window))
	out.add(p.cfg.Availability, float64(answered)/n)
	out.add(p.cfg.ErrorRate, float64(failed)/n)
	for i, s := range p.cfg.Shares {
		of := 0
		for _, o := range p.window {
			if i < len(o.kinds) && o.kinds[i] {
				of++
			}
		}
		out.add(s.Metric, float64(of)/n)
	}
}

func (p *HTTPProbe) latencies(out *taken) {
	var took []float64
	for _, o := range p.window {
		if o.timed {
			took = append(took, o.took.Seconds())
		}
	}
	c := p.cfg
	if len(took) == 0 {
		out.miss(errors.New("no request in the window was answered or timed out"), c.ResponseTime, c.P50, c.P95, c.P99)
		return
	}
	slices.Sort(took)
	out.add(c.ResponseTime, took[len(took)-1])
	out.add(c.P50, quantile(took, 0.5))
	out.add(c.P95, quantile(took, 0.95))
	out.add(c.P99, quantile(took, 0.99))
}

// at follows a dotted path through objects and, by number, lists; nil where it
// leads nowhere.
func at(here any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		here = child(here, key)
	}
	return here
}

func child(of any, key string) any {
	switch of := of.(type) {
	case map[string]any:
		return of[key]
	case []any:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(of) {
			return of[i]
		}
	}
	return nil
}
